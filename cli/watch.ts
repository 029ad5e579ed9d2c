import { Command } from "commander";
import type { EventGap, VmEvent } from "../protocol/events.ts";
import { readEventStream } from "../protocol/event_stream.ts";
import { unreachable } from "./client.ts";
import { type CliContext, CliError, type DaemonAddress } from "./context.ts";

interface WatchOptions {
  readonly json?: boolean;
  readonly logs?: boolean;
  readonly after?: string;
}

/** `viper vms watch`: events as they happen, until interrupted. */
export function watchCommand(
  { terminal, signal }: CliContext,
  daemon: () => Promise<DaemonAddress>,
): Command {
  return new Command("watch").description("print events as they happen")
    .option("--json", "print each event as a line of JSON")
    .option("--logs", "print the lines of logs, too")
    .option("--after <seq>", "begin after this event instead of now")
    .action(async ({ json, logs = false, after }: WatchOptions) => {
      const { url, apiKey, net } = await daemon();
      const response = await net.fetch(
        "cli.watch:fetch",
        `${url}/api/v1/events/vms?logs=${logs}`,
        {
          signal,
          headers: {
            ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
            ...(after === undefined ? {} : { "last-event-id": after }),
          },
        },
      ).catch(unreachable(url));
      if (!response.ok || response.body === null) {
        throw new CliError(`Cannot watch: the daemon answered with status ${response.status}`);
      }
      try {
        for await (const event of readEventStream(response.body)) {
          terminal.out(json ? `${JSON.stringify(event)}\n` : spoken(event));
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    });
}

function spoken(event: VmEvent | EventGap): string {
  if (event.type === "gap") return `missed ${event.from} to ${event.to}\n`;
  const { timestamp, type, name, message, stream, line } = event;
  const text = line === undefined ? message ?? "" : `${stream ?? ""}: ${line}`;
  return `${timestamp}  ${type}  ${name}  ${text}\n`;
}
