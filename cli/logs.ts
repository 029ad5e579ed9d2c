import { Command, InvalidArgumentError, Option } from "commander";
import { type LogStream, logStream } from "../protocol/events.ts";
import { readLogStream } from "../protocol/event_stream.ts";
import { requestOf } from "../protocol/http_client.ts";
import { type LogLine, TAIL_LINES_MAX, vmsLogs } from "../protocol/logs.ts";
import type { ViperClient } from "./client.ts";
import type { CliContext, DaemonAddress } from "./context.ts";
import { openStream } from "./stream.ts";

const TAIL_LINES = 200;

interface LogsOptions {
  readonly tail: number;
  readonly stream?: LogStream;
  readonly follow?: boolean;
  readonly json?: boolean;
}

/** What the commands of this file act through. */
export interface LogsParts {
  readonly context: CliContext;
  readonly client: () => Promise<ViperClient>;
  readonly daemon: () => Promise<DaemonAddress>;
}

/** `viper vms logs NAME`: what agent, browser and serial console wrote. */
export function logsCommand(parts: LogsParts): Command {
  return command(parts, "logs", "print what agent, browser and console of a VM wrote", spoken)
    .addOption(new Option("--stream <stream>", "one of them").choices(logStream.options));
}

/** `viper vms console NAME`: the serial console, as it is. */
export function consoleCommand(parts: LogsParts): Command {
  const print = ({ line }: LogLine) => `${line}\n`;
  return command(parts, "console", "print a VM's serial console", print, "console");
}

function command(
  { context, client, daemon }: LogsParts,
  name: string,
  description: string,
  print: (line: LogLine) => string,
  only?: LogStream,
): Command {
  const { terminal, signal } = context;
  return new Command(name).description(description).argument("<name>")
    .option("--tail <lines>", "the last lines, so many at most", lineCount, TAIL_LINES)
    .option("--follow", "go on with new lines until interrupted")
    .option("--json", "print each line as a line of JSON")
    .action(async (vmName: string, { tail, stream = only, follow, json }: LogsOptions) => {
      const input = { name: vmName, tail, ...(stream === undefined ? {} : { stream }) };
      const text = json ? (line: LogLine) => `${JSON.stringify(line)}\n` : print;
      if (!follow) {
        const { lines } = await (await client()).logs.read(input);
        for (const line of lines) terminal.out(text(line));
        return;
      }
      const { path } = requestOf(vmsLogs, { ...input, follow: "true" });
      const body = await openStream(context, await daemon(), path);
      try {
        for await (const told of readLogStream(body)) {
          if ("line" in told) terminal.out(text(told));
          else terminal.err(`Missed what was written meanwhile (${told.from} to ${told.to})\n`);
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    });
}

function spoken({ timestamp, stream, line }: LogLine): string {
  return `${timestamp}  ${stream.padEnd(7)}  ${line}\n`;
}

function lineCount(text: string): number {
  const count = /^\d{1,6}$/.test(text) ? Number(text) : NaN;
  if (count <= TAIL_LINES_MAX) return count;
  throw new InvalidArgumentError(`It is a whole number from 0 to ${TAIL_LINES_MAX}.`);
}
