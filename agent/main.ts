/**
 * The agent's entry: `viper-agent --instance FILE`. `--version` tells the version, and
 * `--chrome-flags` what to start Chrome with ahead of the agent, a flag a line. With `--script` it
 * is the process of one script, which the agent starts; its job comes by standard input.
 */
import { denoHost } from "../host/deno_host.ts";
import { giveUpRights, ownCommand, readInput, writeLine } from "../host/deno_script.ts";
import { denoTerminal } from "../host/deno_terminal.ts";
import { maskLine } from "../protocol/masking.ts";
import { VERSION } from "../protocol/version.ts";
import { jsonLog } from "../host/json_log.ts";
import { runAgent } from "./agent.ts";
import { CHROME_FLAGS } from "./chrome_command.ts";
import { readInstance } from "./instance_file.ts";
import { LogQueue } from "./log_queue.ts";

const USAGE = "viper-agent --instance FILE, --version or --chrome-flags";

const logs = new LogQueue(() => new Date());

/**
 * One JSON line on standard error, which is the serial console in a guest, and to the daemon;
 * debug lines only where VIPER_AGENT_DEBUG is set.
 */
const log = jsonLog(
  (line) => {
    denoTerminal.err(`${maskLine(line.trimEnd())}\n`);
    logs.add("agent", line);
  },
  () => new Date(),
  Deno.env.has("VIPER_AGENT_DEBUG") ? "debug" : "info",
);

async function main(args: readonly string[]): Promise<void> {
  const [option, path] = args;
  if (option === "--version" && args.length === 1) return console.log(VERSION);
  if (option === "--chrome-flags" && args.length === 1) return console.log(CHROME_FLAGS.join("\n"));
  if (option === "--script" && args.length === 1) {
    const { runScriptProcess } = await import("./script/script_process.ts");
    return await runScriptProcess({
      ...{ host: denoHost({ log }), input: await readInput() },
      ...{ write: writeLine, giveUpRights },
    });
  }
  if (option !== "--instance" || path === undefined || args.length !== 2) {
    throw new TypeError(`Cannot use the arguments "${args.join(" ")}": call ${USAGE}`);
  }
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(name, () => stop.abort(new Error(`Stopped by ${name}`)));
  }
  const host = denoHost({ log });
  const scriptCommand = [...ownCommand(), "--script"];
  await runAgent(await readInstance(path, host), host, { logs, scriptCommand }, stop.signal);
}

try {
  await main(Deno.args);
  Deno.exit(0);
} catch (error) {
  log("error", "The agent failed", { error });
  Deno.exit(1);
}
