/** Telling the daemon that this VM is ready. */
import type { Host } from "../host/host.ts";
import type { guestAnnounce } from "../protocol/guest.ts";
import type { InputOf } from "../protocol/operation.ts";
import type { DaemonLink } from "./daemon_link.ts";
import { Deadline } from "./deadline.ts";

/** A daemon that is silent for so long has forgotten this VM. */
export const ANNOUNCE_TIMEOUT_MS = 60_000;
const ATTEMPT_TIMEOUT_MS = 10_000;
const PAUSE_MIN_MS = 100;
const PAUSE_MAX_MS = 2_000;

/**
 * Announces until the daemon has taken it.
 *
 * @throws the last attempt's error after {@linkcode ANNOUNCE_TIMEOUT_MS}, or the signal's reason
 */
export async function announce(
  daemon: DaemonLink,
  host: Host,
  facts: InputOf<typeof guestAnnounce>,
  signal: AbortSignal,
): Promise<void> {
  const endsAtMs = host.clock.monotonicMs() + ANNOUNCE_TIMEOUT_MS;
  for (let pauseMs = PAUSE_MIN_MS;; pauseMs = Math.min(pauseMs * 2, PAUSE_MAX_MS)) {
    try {
      using attempt = new Deadline(host.clock, "announce", ATTEMPT_TIMEOUT_MS, [signal]);
      await daemon.announce(facts, { signal: attempt.signal });
      return;
    } catch (cause) {
      signal.throwIfAborted();
      if (host.clock.monotonicMs() + pauseMs > endsAtMs) {
        throw new Error(`Cannot announce to the daemon within ${ANNOUNCE_TIMEOUT_MS} ms`, {
          cause,
        });
      }
      host.log("debug", "The daemon did not take the announce yet", { reason: String(cause) });
    }
    await host.clock.sleep(pauseMs, signal);
  }
}
