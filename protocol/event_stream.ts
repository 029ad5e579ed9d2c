/** Reads server-sent events as the daemon writes them. */
import { type EventGap, eventGap, eventType, type VmEvent, vmEvent } from "./events.ts";
import { type LogLine, logLine } from "./logs.ts";

/** Characters of one frame at most; an event of ours is far below. */
const FRAME_LENGTH_MAX = 1_000_000;

/**
 * Events of a stream, in order. Passes over comments, and types that a newer daemon may know.
 * Ends with the stream.
 */
export async function* readEventStream(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<VmEvent | EventGap> {
  for await (const { data } of readFrames(stream)) {
    const event = parse(data as { type?: unknown });
    if (event !== null) yield event;
  }
}

/** Lines of a followed log, in order, and what was missed of them. Ends with the stream. */
export async function* readLogStream(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<LogLine | EventGap> {
  for await (const { event, data } of readFrames(stream)) {
    if (event === "gap") yield eventGap.parse(data);
    else if (event === "log") yield logLine.parse(data);
  }
}

async function* readFrames(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<{ readonly event: string | undefined; readonly data: unknown }> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream() as TextDecoding)) {
    rest += text;
    const frames = rest.split("\n\n");
    rest = frames.pop() ?? "";
    if (rest.length > FRAME_LENGTH_MAX) throw new Error("Cannot read an event: it has no end");
    for (const frame of frames) {
      const data = field(frame, "data");
      if (data !== undefined) yield { event: field(frame, "event"), data: JSON.parse(data) };
    }
  }
}

function field(frame: string, name: string): string | undefined {
  const start = `${name}: `;
  return frame.split("\n").find((line) => line.startsWith(start))?.slice(start.length);
}

/** The platform's types let a TextDecoderStream take any buffer, and a fetch body gives bytes. */
type TextDecoding = ReadableWritablePair<string, Uint8Array>;

function parse(value: { type?: unknown }): VmEvent | EventGap | null {
  if (value.type === "gap") return eventGap.parse(value);
  const isUnknown = typeof value.type === "string" && !eventType.safeParse(value.type).success;
  return isUnknown ? null : vmEvent.parse(value);
}
