import { Command } from "commander";
import type { EventGap, VmEvent } from "../protocol/events.ts";
import { readEventStream } from "../protocol/event_stream.ts";
import type { CliContext, DaemonAddress } from "./context.ts";
import { printable } from "./output.ts";
import { openStream } from "./stream.ts";

interface WatchOptions {
  readonly json?: boolean;
  readonly logs?: boolean;
  readonly after?: string;
}

/** `viper vms watch`: events as they happen, until interrupted. */
export function watchCommand(context: CliContext, daemon: () => Promise<DaemonAddress>): Command {
  const { terminal, signal } = context;
  return new Command("watch").description("print events as they happen")
    .option("--json", "print each event as a line of JSON")
    .option("--logs", "print the lines of logs, too")
    .option("--after <seq>", "begin after this event instead of now")
    .action(async ({ json, logs = false, after }: WatchOptions) => {
      const from = after === undefined ? {} : { "last-event-id": after };
      const body = await openStream(
        context,
        await daemon(),
        `/api/v1/events/vms?logs=${logs}`,
        from,
      );
      try {
        for await (const event of readEventStream(body)) {
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
  return printable(`${timestamp}  ${type}  ${name}  ${text}`, false);
}
