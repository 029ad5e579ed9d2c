/** Reads server-sent events as the daemon writes them. */
import { type EventGap, eventGap, eventType, type VmEvent, vmEvent } from "./events.ts";

/** Characters of one frame at most; an event of ours is far below. */
const FRAME_LENGTH_MAX = 1_000_000;

/**
 * Events of a stream, in order. Passes over comments, and types that a newer daemon may know.
 * Ends with the stream.
 */
export async function* readEventStream(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<VmEvent | EventGap> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream() as TextDecoding)) {
    rest += text;
    const frames = rest.split("\n\n");
    rest = frames.pop() ?? "";
    if (rest.length > FRAME_LENGTH_MAX) throw new Error("Cannot read an event: it has no end");
    for (const frame of frames) {
      const data = frame.split("\n").find((line) => line.startsWith("data: "));
      const event = data === undefined ? null : parse(JSON.parse(data.slice("data: ".length)));
      if (event !== null) yield event;
    }
  }
}

/** The platform's types let a TextDecoderStream take any buffer, and a fetch body gives bytes. */
type TextDecoding = ReadableWritablePair<string, Uint8Array>;

function parse(value: { type?: unknown }): VmEvent | EventGap | null {
  if (value.type === "gap") return eventGap.parse(value);
  const isUnknown = typeof value.type === "string" && !eventType.safeParse(value.type).success;
  return isUnknown ? null : vmEvent.parse(value);
}
