/** A page's record as it grows, for those who read along. */
import type { Frame } from "../../protocol/event_frames.ts";
import { entryOfRequest } from "../know/request_list.ts";
import type { PageRecord } from "./page_record.ts";

/** Frames of one reading at most; the others are read next. */
const READ_MAX = 100;

/**
 * What came or changed after a number, and then all that follows, until the signal is aborted. A
 * follower holds a number and no queue: one that is slow costs no memory, and is told of the gap.
 */
export async function* followRecord(
  record: PageRecord,
  since: number | undefined,
  signal: AbortSignal,
): AsyncGenerator<Frame> {
  let seq = since ?? record.seq;
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => end(), { once: true });
  while (!signal.aborted) {
    const changed = record.changed();
    const droppedTo = Math.max(...logsOf(record).map((log) => log.droppedTo));
    if (droppedTo > seq) {
      const data = { from: seq + 1, to: droppedTo };
      // Some between may still be there, and come after the gap.
      yield { id: seq, event: "gap", data };
    }
    const frames = framesAfter(record, seq);
    for (const frame of frames) yield frame;
    seq = frames.at(-1)?.id ?? Math.max(seq, droppedTo);
    if (frames.length < READ_MAX) await Promise.race([changed, ended]);
  }
}

function logsOf({ console, errors, requests }: PageRecord) {
  return [console, errors, requests];
}

function framesAfter(record: PageRecord, seq: number): Frame[] {
  const frame = (event: string) => (data: { readonly seq: number }): Frame => ({
    id: data.seq,
    event,
    data,
  });
  return [
    ...record.console.entries.map(frame("console")),
    ...record.errors.entries.map(frame("error")),
    ...record.requests.entries.map(entryOfRequest).map(frame("request")),
  ].filter(({ id }) => id > seq).sort((a, b) => a.id - b.id).slice(0, READ_MAX);
}
