import { Command } from "commander";
import { readEventStream } from "../protocol/event_stream.ts";
import { unreachable } from "./client.ts";
import { type CliContext, CliError, type DaemonAddress } from "./context.ts";

/** `viper vms watch`: events as they happen, until interrupted. */
export function watchCommand(
  { host, terminal, signal }: CliContext,
  daemon: () => DaemonAddress,
): Command {
  return new Command("watch").description("print events as they happen")
    .option("--json", "print each event as a line of JSON")
    .option("--after <seq>", "begin after this event instead of now")
    .action(async ({ json, after }: { json?: boolean; after?: string }) => {
      const { url, apiKey } = daemon();
      const response = await host.net.fetch("cli.watch:fetch", `${url}/api/v1/events/vms`, {
        signal,
        headers: {
          ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
          ...(after === undefined ? {} : { "last-event-id": after }),
        },
      }).catch(unreachable(url));
      if (!response.ok || response.body === null) {
        throw new CliError(`Cannot watch: the daemon answered with status ${response.status}`);
      }
      try {
        for await (const event of readEventStream(response.body)) {
          if (json) terminal.out(`${JSON.stringify(event)}\n`);
          else if (event.type === "gap") terminal.out(`missed ${event.from} to ${event.to}\n`);
          else {
            terminal.out(
              `${event.timestamp}  ${event.type}  ${event.name}  ${event.message ?? ""}\n`,
            );
          }
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    });
}
