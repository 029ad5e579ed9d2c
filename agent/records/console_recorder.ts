/** Console messages and uncaught errors, as Chrome tells of them. */
import type { CDPSession, Protocol } from "puppeteer-core";
import type { ConsoleEntry } from "../../protocol/records.ts";
import type { PageRecord } from "./page_record.ts";

/** Characters of a message or stack that are kept; what is longer is cut. */
export const MESSAGE_LENGTH_MAX = 4_000;
/** Members of a logged object that are told; Chrome itself tells a few. */
const MEMBERS_MAX = 20;

type Level = ConsoleEntry["level"];

const CONSOLE_LEVELS: Readonly<Record<string, Level>> = {
  warning: "warn",
  error: "error",
  assert: "error",
  info: "info",
  debug: "debug",
};
const LOG_LEVELS: Readonly<Record<string, Level>> = {
  verbose: "debug",
  warning: "warn",
  error: "error",
  info: "info",
};

/** Writes down what the session's target says from now on. */
export function recordConsole(session: CDPSession, record: PageRecord): void {
  session.on("Runtime.consoleAPICalled", ({ type, args, timestamp, stackTrace }) => {
    record.console.add({
      seq: record.next(),
      at: timeOf(timestamp),
      level: CONSOLE_LEVELS[type] ?? "log",
      source: "console",
      text: cut(args.map(textOf).join(" ")),
      ...placeOf(stackTrace?.callFrames[0]),
    });
  });
  session.on("Log.entryAdded", ({ entry }) => {
    record.console.add({
      seq: record.next(),
      at: timeOf(entry.timestamp),
      level: LOG_LEVELS[entry.level] ?? "log",
      source: entry.source,
      text: cut(entry.text),
      ...(entry.url === undefined ? {} : { url: cut(entry.url) }),
      ...(entry.lineNumber === undefined ? {} : { line: entry.lineNumber + 1 }),
    });
  });
  session.on("Runtime.exceptionThrown", ({ timestamp, exceptionDetails }) => {
    const { exception, text, url, lineNumber, columnNumber, stackTrace } = exceptionDetails;
    const told = exception?.description ?? (exception === undefined ? text : textOf(exception));
    const place = placeOf(
      stackTrace?.callFrames[0] ?? { url: url ?? "", lineNumber, columnNumber },
    );
    const [message = "", ...stack] = told.split(/\n\s+(?=at )/);
    record.errors.add({
      seq: record.next(),
      at: timeOf(timestamp),
      message: cut(message),
      stack: cut(stack.join("\n")),
      ...place,
    });
  });
}

function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

function cut(text: string): string {
  return text.length > MESSAGE_LENGTH_MAX ? `${text.slice(0, MESSAGE_LENGTH_MAX)}…` : text;
}

function placeOf(
  frame: Pick<Protocol.Runtime.CallFrame, "url" | "lineNumber" | "columnNumber"> | undefined,
) {
  if (frame === undefined || frame.url === "") return {};
  return { url: cut(frame.url), line: frame.lineNumber + 1, column: frame.columnNumber + 1 };
}

/** A logged value as a person would write it; objects by a few of their members. */
function textOf({ type, value, description, preview, unserializableValue }: RemoteValue): string {
  if (type === "string") return String(value);
  if (unserializableValue !== undefined) return unserializableValue;
  if (preview === undefined || preview.subtype === "error") {
    return description ?? String(value ?? type);
  }
  const isList = preview.subtype === "array";
  const members = preview.properties.slice(0, MEMBERS_MAX).map(({ name, value, type }) => {
    const shown = type === "string" ? JSON.stringify(value) : value ?? type;
    return isList ? shown : `${name}: ${shown}`;
  });
  if (preview.overflow) members.push("…");
  return isList ? `[${members.join(", ")}]` : `{${members.join(", ")}}`;
}

type RemoteValue = Protocol.Runtime.RemoteObject;
