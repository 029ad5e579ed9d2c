/**
 * Server-sent events as daemon and agent write them
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html).
 *
 * @module
 */
import type { Clock } from "../host/host.ts";
import { ViperError } from "./problems.ts";

/** A comment is sent so often, because proxies cut connections that are silent for a minute. */
export const KEEP_ALIVE_MS = 15_000;
/** How long a client waits before it connects again. */
const RETRY_MS = 2_000;
const HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-store",
  "x-accel-buffering": "no",
};

/** What a stream needs beside what it tells. */
export interface StreamParts {
  readonly clock: Clock;
  /** Aborted when the server shuts down. */
  readonly closing: AbortSignal;
}

/** One event as it is sent. */
export interface Frame {
  /** What a client names to go on after this event. */
  readonly id: number;
  readonly event: string;
  readonly data: unknown;
}

/** Who reads a stream. */
export interface StreamReader {
  /** HEAD gets no frames. */
  readonly method: string;
  /** Asked now and then, since a key may be deleted while a stream is open. */
  readonly isAdmitted: () => boolean;
}

/** Answers with frames as they come, and with comments in between. */
export function streamFrames(
  { method, isAdmitted }: StreamReader,
  { clock, closing }: StreamParts,
  open: (signal: AbortSignal) => AsyncGenerator<Frame>,
): Response {
  // Nobody would read or cancel the body of an answer to HEAD.
  if (method === "HEAD") return new Response(null, { headers: HEADERS });
  const gone = new AbortController();
  const frames = open(AbortSignal.any([gone.signal, closing]));
  const encoder = new TextEncoder();
  let pending = frames.next();
  let keepAlive: Disposable | null = null;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoder.encode(`retry: ${RETRY_MS}\n\n`));
      keepAlive = clock.every(KEEP_ALIVE_MS, () => {
        if (!isAdmitted()) return gone.abort();
        // A client that does not read gets no more comments than fit the stream's queue.
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(": ping\n\n"));
      });
    },
    async pull(controller) {
      const { value, done } = await pending;
      if (done) {
        keepAlive?.[Symbol.dispose]();
        return controller.close();
      }
      const { id, event, data } = value;
      const text = `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
      controller.enqueue(encoder.encode(text));
      pending = frames.next();
    },
    cancel() {
      keepAlive?.[Symbol.dispose]();
      gone.abort();
    },
  });
  return new Response(body, { headers: HEADERS });
}

/** @throws {ViperError} `event_id_invalid` */
export function lastEventId(request: Request): number | undefined {
  const query = new URL(request.url).searchParams;
  const text = request.headers.get("last-event-id") ?? query.get("last_event_id");
  if (text === null || text === "") return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new ViperError("event_id_invalid", `Cannot resume after event "${text}"`);
}
