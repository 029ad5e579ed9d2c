/** Sends what the guest writes to the daemon, a batch at a time. */
import type { Host } from "../host/host.ts";
import type { DaemonLink } from "./daemon_link.ts";
import { Deadline } from "./deadline.ts";
import type { LogQueue } from "./log_queue.ts";

/** How long lines gather before they are sent. */
const PAUSE_MS = 500;
const ATTEMPT_TIMEOUT_MS = 5_000;
/** How long the last lines may hold up the agent's end. */
const LAST_TIMEOUT_MS = 1_000;

/** Sends until disposed, then once more. */
export function sendLogs(
  queue: LogQueue,
  vmId: string,
  daemon: DaemonLink,
  host: Host,
): AsyncDisposable {
  const ended = new AbortController();
  const send = async (timeoutMs: number, signals: readonly AbortSignal[]) => {
    using deadline = new Deadline(host.clock, "send logs", timeoutMs, signals);
    for (let batch = queue.next(); batch !== null; batch = queue.next()) {
      await daemon.logs({ vm_id: vmId, ...batch, lines: [...batch.lines] }, deadline);
      queue.taken(batch);
    }
  };
  const run = async () => {
    while (!ended.signal.aborted) {
      // What cannot be sent stays queued. A line about it would only make the queue longer.
      await send(ATTEMPT_TIMEOUT_MS, [ended.signal]).catch(() => {});
      await host.clock.sleep(PAUSE_MS, ended.signal).catch(() => {}); // Ended by disposal.
    }
  };
  const running = run();
  return {
    [Symbol.asyncDispose]: async () => {
      ended.abort();
      await running;
      await send(LAST_TIMEOUT_MS, []).catch(() => {});
    },
  };
}
