import type { Clock } from "../host/host.ts";

interface Timer {
  dueMs: number;
  readonly everyMs: number | null;
  readonly fire: () => void;
}

/** A clock that stands still until a test moves it on. */
export class FakeClock implements Clock {
  readonly #timers = new Set<Timer>();
  #ms = 0;

  constructor(private readonly startedAt = Date.UTC(2024, 0, 1)) {}

  // Functions of the instance, since `clock.now` is handed on without its object.
  readonly now = () => new Date(this.startedAt + this.#ms);
  readonly monotonicMs = () => this.#ms;

  readonly sleep = (ms: number, signal?: AbortSignal): Promise<void> => {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = this.#add(ms, null, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    const onAbort = () => {
      this.#timers.delete(timer);
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    return promise;
  };

  readonly every = (ms: number, callback: () => void): Disposable => {
    const timer = this.#add(ms, ms, callback);
    return { [Symbol.dispose]: () => this.#timers.delete(timer) };
  };

  /** Sleeps and intervals that have not ended. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves on; what falls due on the way happens in its order. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#ms + ms;
    for (let timer = this.#next(endMs); timer !== undefined; timer = this.#next(endMs)) {
      this.#ms = timer.dueMs;
      if (timer.everyMs === null) this.#timers.delete(timer);
      else timer.dueMs += timer.everyMs;
      timer.fire();
      await Promise.resolve();
    }
    this.#ms = endMs;
  }

  #add(ms: number, everyMs: number | null, fire: () => void): Timer {
    const timer = { dueMs: this.#ms + ms, everyMs, fire };
    this.#timers.add(timer);
    return timer;
  }

  #next(endMs: number): Timer | undefined {
    return [...this.#timers].filter(({ dueMs }) => dueMs <= endMs)
      .sort((one, other) => one.dueMs - other.dueMs)[0];
  }
}
