/** The stream of all that happens to VMs: `GET /api/v1/events/vms`. */
import {
  type Frame,
  lastEventId,
  streamFrames,
  type StreamParts,
} from "../../protocol/event_frames.ts";
import type { EventGap, VmEvent } from "../../protocol/events.ts";
import type { EventBus } from "../events/bus.ts";

/** What the stream of events is made from. */
export interface SseParts extends StreamParts {
  readonly bus: EventBus;
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
  parts: SseParts,
  isAdmitted: () => boolean,
): Response {
  const after = lastEventId(request);
  const withLogs = new URL(request.url).searchParams.get("logs") !== "false";
  const open = (signal: AbortSignal) =>
    framesOf(parts.bus.follow({
      signal,
      ...(withLogs ? {} : { kind: "life" as const }),
      ...(after === undefined ? {} : { after }),
    }));
  return streamFrames({ method: request.method, isAdmitted }, parts, open);
}

async function* framesOf(events: AsyncIterable<VmEvent | EventGap>): AsyncGenerator<Frame> {
  for await (const event of events) {
    yield { id: event.type === "gap" ? event.to : event.seq, event: event.type, data: event };
  }
}
