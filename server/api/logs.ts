/** A VM's logs over HTTP: the last lines as an answer, or those and all that follow as a stream. */
import {
  type Frame,
  lastEventId,
  streamFrames,
  type StreamParts,
} from "../../protocol/event_frames.ts";
import type { HttpHandlers } from "../../protocol/http_server.ts";
import type { logOperations } from "../../protocol/operations.ts";
import type { LogStream } from "../../protocol/events.ts";
import type { VmLogs } from "../logs/vm_logs.ts";
import type { Fleet } from "../vms/fleet.ts";

/** The request as it came, for what of it is no input: whether it wants a stream, and from where. */
export interface LogReader {
  readonly request: Request;
  /** Asked now and then, as long as a stream is open. */
  readonly isAdmitted: () => boolean;
}

/** Handlers that answer with lines, or with a stream of them. */
export function logHandlers(
  fleet: Fleet,
  logs: VmLogs,
  parts: StreamParts,
): HttpHandlers<typeof logOperations, LogReader> {
  return {
    read: async ({ name, stream, tail, follow }, { request, isAdmitted }) => {
      const { id } = fleet.get(name);
      const accepts = request.headers.get("accept") ?? "";
      if (follow === "false" && !accepts.includes("text/event-stream")) {
        return { lines: [...(await logs.tail(id, tail, stream)).lines] };
      }
      const after = lastEventId(request);
      return streamFrames(
        { method: request.method, isAdmitted },
        parts,
        (signal) => lines(logs, { id, tail, after, stream }, signal),
      );
    },
  };
}

interface From {
  readonly id: string;
  readonly tail: number;
  /** Goes on after this event; `undefined`: begins with the tail. */
  readonly after: number | undefined;
  readonly stream: LogStream | undefined;
}

async function* lines(
  logs: VmLogs,
  { id, tail, after, stream }: From,
  signal: AbortSignal,
): AsyncGenerator<Frame> {
  let seq = after;
  if (seq === undefined) {
    const last = await logs.tail(id, tail, stream);
    for (const line of last.lines) yield { id: last.seq, event: "log", data: line };
    seq = last.seq;
  }
  for await (const told of logs.follow(id, seq, signal, stream)) {
    if ("type" in told) yield { id: told.to, event: "gap", data: told };
    else yield { id: told.seq, event: "log", data: told.line };
  }
}
