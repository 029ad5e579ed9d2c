import type { Clock } from "../../host/host.ts";

/** A bucket that fills with time: what a source may use at once, and in the long run. */
export class Rate {
  #left: number;
  #atMs: number;

  constructor(
    private readonly perSecond: number,
    private readonly most: number,
    private readonly clock: Pick<Clock, "monotonicMs">,
  ) {
    this.#left = most;
    this.#atMs = clock.monotonicMs();
  }

  /** Uses that much, if it is there. */
  take(amount: number): boolean {
    const nowMs = this.clock.monotonicMs();
    const filled = this.#left + (nowMs - this.#atMs) / 1_000 * this.perSecond;
    this.#left = Math.min(this.most, filled);
    this.#atMs = nowMs;
    if (this.#left < amount) return false;
    this.#left -= amount;
    return true;
  }
}
