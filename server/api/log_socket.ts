/**
 * A VM's logs over a WebSocket, `GET /ws/v1/vms/{name}/logs`: a message a line, as earlier versions
 * had it. What is new: `tail` and `stream` in the query, and a `gap` for one who is too slow.
 *
 * @module
 */
import { KEEP_ALIVE_MS } from "../../protocol/event_frames.ts";
import type { Clock, Net, ServerSocket } from "../../host/host.ts";
import { type LogStream, logStream } from "../../protocol/events.ts";
import { TAIL_LINES_MAX } from "../../protocol/logs.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { VmLogs } from "../logs/vm_logs.ts";
import type { Fleet } from "../vms/fleet.ts";
import { acceptedProtocol, isUpgrade } from "./auth/credentials.ts";

/** Bytes that may wait to leave; then lines are not read until there are fewer. */
const SOCKET_BYTES_MAX = 256 * 1024;
const DRAIN_PAUSE_MS = 100;
/** Closing codes (RFC 6455, 7.4.1, and its registry). */
const GOING_AWAY = 1001;
const TRY_AGAIN_LATER = 1013;
const POLICY_VIOLATION = 1008;

/** What the socket is made from. */
export interface LogSocketParts {
  readonly fleet: Fleet;
  readonly logs: VmLogs;
  readonly net: Net;
  readonly clock: Clock;
  /** Aborted when the daemon shuts down. */
  readonly closing: AbortSignal;
}

/**
 * Accepts the WebSocket and sends lines until the client goes, the daemon shuts down or the client
 * is no longer admitted.
 *
 * @throws {ViperError} `vm_not_found` or `invalid_request`, before it is accepted
 */
export function openLogSocket(
  request: Request,
  name: string,
  parts: LogSocketParts,
  isAdmitted: () => boolean,
): Response {
  if (!isUpgrade(request)) {
    throw new ViperError("invalid_request", "Cannot answer: this route takes WebSockets only");
  }
  const wanted = wantedOf(request);
  const { id, status } = parts.fleet.get(name);
  const { response, socket } = parts.net
    .upgrade("api.logs:upgrade", request, acceptedProtocol(request));
  if (status !== "running") socket.close(TRY_AGAIN_LATER, "vm not ready");
  else send(socket, { id, name, ...wanted }, parts, isAdmitted);
  return response;
}

interface Wanted {
  readonly tail: number;
  readonly streams: readonly LogStream[];
}

/** Agent and browser, unless one stream is named; from now on, unless a tail is. */
function wantedOf(request: Request): Wanted {
  const query = new URL(request.url).searchParams;
  const tail = query.get("tail") ?? "0";
  const stream = query.get("stream");
  const streams = stream === null
    ? ["agent", "browser"] as const
    : logStream.options.filter((known) => known === stream);
  if (/^\d{1,5}$/.test(tail) && Number(tail) <= TAIL_LINES_MAX && streams.length > 0) {
    return { tail: Number(tail), streams };
  }
  throw new ViperError(
    "invalid_request",
    `Cannot follow logs with tail "${tail}" and stream "${stream}": the first is 0 to ` +
      `${TAIL_LINES_MAX}, the second one of ${logStream.options.join(", ")}`,
  );
}

async function send(
  socket: ServerSocket,
  { id, name, tail, streams }: Wanted & { readonly id: string; readonly name: string },
  { logs, clock, closing }: LogSocketParts,
  isAdmitted: () => boolean,
): Promise<void> {
  const gone = new AbortController();
  socket.closed.then(() => gone.abort());
  const signal = AbortSignal.any([gone.signal, closing]);
  using _check = clock.every(KEEP_ALIVE_MS, () => {
    if (isAdmitted()) return;
    socket.close(POLICY_VIOLATION, "key no longer valid");
    gone.abort();
  });
  const write = async (message: unknown) => {
    while (socket.bufferedBytes > SOCKET_BYTES_MAX) await clock.sleep(DRAIN_PAUSE_MS, signal);
    socket.send(JSON.stringify(message));
  };
  try {
    await socket.opened;
    const last = await logs.tail(id, tail);
    for (const line of last.lines) {
      if (streams.includes(line.stream)) await write({ name, ...line });
    }
    for await (const told of logs.follow(id, last.seq, signal)) {
      if ("type" in told) await write({ name, ...told });
      else if (streams.includes(told.line.stream)) await write({ name, ...told.line });
    }
  } catch {
    // The client has gone, or is so slow that the daemon's end came first.
  }
  if (closing.aborted) socket.close(GOING_AWAY, "shutting down");
}
