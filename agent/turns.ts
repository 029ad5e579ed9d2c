/** Actions on one page run one after another; this is their queue. */
import { ViperError } from "../protocol/problems.ts";
import type { Deadline } from "./deadline.ts";

/** Actions that wait for their turn at most, beside the one that runs. */
export const QUEUE_LENGTH_MAX = 64;

/** A first-come, first-served queue with a bound. */
export class Turns {
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  /**
   * Resolves when all who came before are done; dispose the result to let the next one in.
   *
   * @throws {ViperError} `browser_unavailable` when the queue is full, or the deadline's reason
   */
  async take(deadline: Deadline): Promise<Disposable> {
    if (this.#waiting >= QUEUE_LENGTH_MAX) {
      throw new ViperError(
        "browser_unavailable",
        `Cannot ${deadline.action}: ${QUEUE_LENGTH_MAX} actions wait for the page already`,
        { hint: "Send fewer actions at a time; they run one after another" },
      );
    }
    const { promise: done, resolve: release } = Promise.withResolvers<void>();
    const before = this.#last;
    this.#last = before.then(() => done);
    this.#waiting++;
    try {
      await deadline.race("its turn behind the actions before it", before);
    } catch (error) {
      release();
      throw error;
    } finally {
      this.#waiting--;
    }
    return { [Symbol.dispose]: release };
  }
}
