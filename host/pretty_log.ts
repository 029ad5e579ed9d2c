import type { Log, LogLevel } from "./host.ts";
import { isLogged } from "./json_log.ts";

/** A log for people: a line a call, and a line for each error and its causes, without stacks. */
export function prettyLog(
  write: (text: string) => void,
  now: () => Date,
  least: LogLevel = "debug",
): Log {
  return (level, message, fields = {}) => {
    if (!isLogged(level, least)) return;
    const errors = Object.values(fields).filter((value) => value instanceof Error);
    const words = Object.entries(fields)
      .filter(([, value]) => value !== undefined && !(value instanceof Error))
      .map(([key, value]) => `${key}=${typeof value === "string" ? quoted(value) : json(value)}`);
    const time = now().toISOString().slice(11, 23);
    const head = [time, level.toUpperCase().padEnd(5), printable(message), ...words].join(" ");
    write([head, ...errors.flatMap(causes)].map((line) => `${line}\n`).join(""));
  };
}

/** A word stands as it is, so that it can be read and copied. */
function quoted(text: string): string {
  return /^[\w./:@+-]+$/.test(text) ? text : json(text);
}

function json(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

/** Nothing that acts on the terminal. */
function printable(text: string): string {
  return /^[ -~]*$/.test(text) ? text : json(text);
}

/** Causes that are followed; deeper ones are left out. */
const CAUSES_MAX = 8;

function causes(error: Error, depth = 0): string[] {
  const line = `${"  ".repeat(depth + 1)}${error.name}: ${printable(error.message)}`;
  const inner = error instanceof AggregateError ? error.errors : [error.cause];
  if (depth === CAUSES_MAX) return [line];
  return [
    line,
    ...inner.filter((cause) => cause instanceof Error).flatMap((cause) => causes(cause, depth + 1)),
  ];
}
