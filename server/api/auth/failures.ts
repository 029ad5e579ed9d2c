import type { Clock } from "../../../host/host.ts";

/** Failures in one window before more are refused unheard. */
const FAILURES_MAX = 10;
/** Milliseconds from the first failure until all are forgotten. */
const FAILURES_WINDOW_MS = 60_000;
/** Peers and keys whose failures are counted at once; the oldest are forgotten first. */
const FAILURE_BUCKETS_MAX = 4_096;

interface Bucket {
  readonly endsMs: number;
  count: number;
}

/** Counts failed credentials by who sent them and for which key. */
export class Failures {
  /** In the order in which their windows end, since all are equally long. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(private readonly clock: Pick<Clock, "monotonicMs">) {}

  /** Seconds until the names are heard again; `null` when they are heard now. */
  blockedSeconds(names: readonly string[]): number | null {
    const nowMs = this.clock.monotonicMs();
    const ends = names.map((name) => this.#buckets.get(name))
      .filter((bucket) => bucket !== undefined && bucket.count >= FAILURES_MAX)
      .map((bucket) => (bucket?.endsMs ?? 0) - nowMs);
    const longestMs = Math.max(0, ...ends);
    return longestMs === 0 ? null : Math.ceil(longestMs / 1_000);
  }

  count(names: readonly string[]): void {
    const nowMs = this.clock.monotonicMs();
    for (const [name, { endsMs }] of this.#buckets) {
      if (endsMs > nowMs && this.#buckets.size < FAILURE_BUCKETS_MAX) break;
      this.#buckets.delete(name);
    }
    for (const name of names) {
      const bucket = this.#buckets.get(name);
      if (bucket !== undefined) bucket.count++;
      else this.#buckets.set(name, { endsMs: nowMs + FAILURES_WINDOW_MS, count: 1 });
    }
  }
}
