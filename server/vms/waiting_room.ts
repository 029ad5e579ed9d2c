import type { Clock } from "../../host/host.ts";
import { ViperError } from "../../protocol/problems.ts";
import { isForWantOfRoom } from "./capacity.ts";

/** Creates that may wait for room at once; more are refused. */
export const WAITING_MAX = 256;
const RETRY_AFTER_SECONDS = 10;

interface Waiting {
  /** Tries again; `true` when that settled it, for better or worse. */
  readonly attempt: () => boolean;
}

/** Where creates wait for room, first come, first served. */
export class WaitingRoom {
  readonly #waiting: Waiting[] = [];

  constructor(private readonly clock: Clock) {}

  get size(): number {
    return this.#waiting.length;
  }

  /**
   * Does the job, at once or when there is room for it.
   *
   * @throws what the job throws; the refusal for want of room after `waitMs`; `queue_full`; the
   * signal's reason
   */
  async enter<Result>(job: () => Result, waitMs: number, signal: AbortSignal): Promise<Result> {
    signal.throwIfAborted();
    // Of those who wait a small VM must not overtake one that waits for more. Who does not wait takes
    // what is free now: else one that waits for much would shut the daemon for everybody.
    if (this.#waiting.length === 0 || waitMs === 0) {
      try {
        return job();
      } catch (error) {
        if (waitMs === 0 || !isForWantOfRoom(error)) throw error;
      }
    }
    if (this.#waiting.length >= WAITING_MAX) {
      throw new ViperError("queue_full", `Cannot wait for room: ${WAITING_MAX} requests do`, {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    }
    return await this.#wait(job, waitMs, signal);
  }

  /** There may be room again. */
  wake(): void {
    while (this.#waiting[0]?.attempt()) this.#waiting.shift();
  }

  async #wait<Result>(job: () => Result, waitMs: number, signal: AbortSignal): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const ended = new AbortController();
    let refusal: unknown = null;
    const place: Waiting = {
      attempt: () => {
        try {
          resolve(job());
          return true;
        } catch (error) {
          if (!isForWantOfRoom(error)) {
            reject(error);
            return true;
          }
          refusal = error;
          return false;
        }
      },
    };
    this.#waiting.push(place);
    this.clock.sleep(waitMs, AbortSignal.any([signal, ended.signal]))
      .then(() => {
        if (refusal === null) place.attempt();
        reject(refusal);
      }, () => reject(signal.reason));
    try {
      return await promise;
    } finally {
      ended.abort();
      const at = this.#waiting.indexOf(place);
      if (at >= 0) this.#waiting.splice(at, 1);
      // Who stood behind this one may have been kept by it alone.
      this.wake();
    }
  }
}
