import { Command, InvalidArgumentError } from "commander";
import { ViperError } from "../protocol/problems.ts";
import { type CliContext, CliError, type DaemonAddress } from "./context.ts";
import { serveDevtools } from "./devtools_proxy.ts";

const BIND_DEFAULT = "127.0.0.1";
const PORT_DEFAULT = 9_223;

/** `viper browsers proxy NAME`: the browser's DevTools on a port of this machine. */
export function browsersCommand(
  context: CliContext,
  daemon: () => Promise<DaemonAddress>,
): Command {
  const { host, terminal, signal } = context;
  const proxy = new Command("proxy").argument("<name>")
    .description(
      "serve a VM's DevTools on a port of this machine, without a key, until interrupted",
    )
    .option("--bind <address>", "the address to listen on", BIND_DEFAULT)
    .option("--port <port>", "the port; 0 takes a free one", portNumber, PORT_DEFAULT)
    .action(async (vmName: string, { bind, port }: { bind: string; port: number }) => {
      const parts = { host, daemon: await daemon(), vmName, signal };
      const server = await serveDevtools(parts, { hostname: bind, port }).catch((cause) => {
        if (!(cause instanceof Error) || cause instanceof ViperError) throw cause;
        const reason = `${cause.message}; choose another with --bind and --port`;
        throw new CliError(`Cannot listen on ${bind}:${port}: ${reason}`, 1, { cause });
      });
      const shown = bind.includes(":") ? `[${bind}]` : bind;
      terminal.out(`DevTools of "${vmName}" at http://${shown}:${server.port}\n`);
      await aborted(signal);
      await server.shutdown();
    });
  return new Command("browsers").addCommand(proxy);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function portNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port <= 65_535) return port;
  throw new InvalidArgumentError("It is a whole number from 0 to 65535.");
}
