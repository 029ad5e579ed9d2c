/**
 * The event stream: `GET /api/v1/events/vms` as server-sent events
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html).
 *
 * @module
 */
import type { Clock } from "../../host/host.ts";
import type { EventGap, VmEvent } from "../../protocol/events.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { EventBus } from "../events/bus.ts";

/** A comment is sent so often, because proxies cut connections that are silent for a minute. */
export const KEEP_ALIVE_MS = 15_000;
/** How long a client waits before it connects again. */
const RETRY_MS = 2_000;
const HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-store",
  "x-accel-buffering": "no",
};

/** What the stream is made from. */
export interface SseParts {
  readonly bus: EventBus;
  readonly clock: Clock;
  /** Aborted when the daemon shuts down. */
  readonly closing: AbortSignal;
}

/**
 * Opens a stream: from the `Last-Event-ID` header (or `last_event_id` in the query) on, or from
 * now on. It ends when the client goes, the daemon shuts down, or a keep-alive is due and the client
 * is no longer admitted. `logs=false` in the query leaves out the lines of logs.
 *
 * @throws {ViperError} `event_id_invalid`
 */
export function openEventStream(
  request: Request,
  { bus, clock, closing }: SseParts,
  isAdmitted: () => boolean,
): Response {
  const after = lastEventId(request);
  // Nobody would read or cancel the body of an answer to HEAD.
  if (request.method === "HEAD") return new Response(null, { headers: HEADERS });
  const gone = new AbortController();
  const signal = AbortSignal.any([gone.signal, closing]);
  const withLogs = new URL(request.url).searchParams.get("logs") !== "false";
  const events = bus.follow({
    signal,
    ...(withLogs ? {} : { kind: "life" as const }),
    ...(after === undefined ? {} : { after }),
  });
  const encoder = new TextEncoder();
  let pending = events.next();
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
      controller.enqueue(encoder.encode(frame(value)));
      pending = events.next();
    },
    cancel() {
      keepAlive?.[Symbol.dispose]();
      gone.abort();
    },
  });
  return new Response(body, { headers: HEADERS });
}

function frame(event: VmEvent | EventGap): string {
  const id = event.type === "gap" ? event.to : event.seq;
  return `id: ${id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

function lastEventId(request: Request): number | undefined {
  const query = new URL(request.url).searchParams;
  const text = request.headers.get("last-event-id") ?? query.get("last_event_id");
  if (text === null || text === "") return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new ViperError("event_id_invalid", `Cannot resume after event "${text}"`);
}
