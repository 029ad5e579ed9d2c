import type { Log, LogLevel } from "./host.ts";

/** Levels from the least to the most that matters. */
const LOG_LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** The level of that name; `info` for any other text and for none. */
export function logLevel(name: string | undefined): LogLevel {
  return LOG_LEVELS.find((known) => known === name) ?? "info";
}

/** Whether a line matters enough. */
export function isLogged(level: LogLevel, least: LogLevel): boolean {
  return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(least);
}

/** Causes of an error that are followed; deeper ones are left out. */
const CAUSE_DEPTH_MAX = 8;

/**
 * A log that writes one JSON object a line; errors in `fields` are written with their causes.
 * What matters less than `least` is left out.
 */
export function jsonLog(
  write: (line: string) => void,
  now: () => Date,
  least: LogLevel = "debug",
): Log {
  return (level, message, fields = {}) => {
    if (!isLogged(level, least)) return;
    const entries = Object.entries(fields).map(([key, value]) => [key, logged(value)]);
    const line = { time: now().toISOString(), level, message, ...Object.fromEntries(entries) };
    write(`${JSON.stringify(line)}\n`);
  };
}

function logged(value: unknown): unknown {
  return value instanceof Error ? causeChain(value, 0) : value;
}

function causeChain(error: Error, depth: number): unknown[] {
  const { name, message, stack } = error;
  const code = (error as { code?: unknown }).code;
  const entry = { name, message, ...(code === undefined ? {} : { code }), stack };
  const inner = error instanceof AggregateError ? error.errors : [error.cause];
  if (depth === CAUSE_DEPTH_MAX) return [entry];
  return [
    entry,
    ...inner.filter((cause) => cause instanceof Error).flatMap((cause) =>
      causeChain(cause, depth + 1)
    ),
  ];
}
