/** The bound of one action: its time, and everything else that can end it early. */
import type { Clock } from "../host/host.ts";
import { ViperError } from "../protocol/problems.ts";

/**
 * Ends an action after `timeoutMs`, or as soon as a followed signal is aborted. What it waits for
 * is told to it step by step, so that a timeout can say what was missing.
 */
export class Deadline implements Disposable {
  readonly #ended = new AbortController();
  readonly #finished = new AbortController();
  readonly #endsAtMs: number;
  #waitingFor = "its turn";

  /** `action` completes the sentence "Cannot …", such as `click "#ok"`. */
  constructor(
    readonly clock: Clock,
    readonly action: string,
    readonly timeoutMs: number,
    signals: readonly AbortSignal[] = [],
  ) {
    this.#endsAtMs = clock.monotonicMs() + timeoutMs;
    clock.sleep(timeoutMs, this.#finished.signal).then(
      () => this.#ended.abort(this.#timeout()),
      () => {}, // Disposed first: the action is over.
    );
    for (const signal of signals) this.follow(signal);
  }

  /** Aborted when the action has to end; the reason says why. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Milliseconds left, at least 1, for a callee that takes a timeout of its own. */
  remainingMs(): number {
    return Math.max(1, Math.ceil(this.#endsAtMs - this.clock.monotonicMs()));
  }

  /** Ends the action, with the signal's reason, when the signal is aborted. */
  follow(signal: AbortSignal): void {
    if (signal.aborted) return this.#ended.abort(signal.reason);
    signal.addEventListener("abort", () => this.#ended.abort(signal.reason), {
      once: true,
      signal: this.#finished.signal,
    });
  }

  /** Ends the action for that reason. */
  end(reason: ViperError): void {
    this.#ended.abort(reason);
  }

  /** Waits for the work or for the end of the deadline, whichever comes first. */
  async race<T>(waitingFor: string, work: Promise<T>): Promise<T> {
    this.#waitingFor = waitingFor;
    work.catch(() => {}); // What fails after the deadline has nobody left to tell.
    this.signal.throwIfAborted();
    const { promise: ended, reject } = Promise.withResolvers<never>();
    const onEnd = () => reject(this.signal.reason);
    this.signal.addEventListener("abort", onEnd, { once: true });
    try {
      return await Promise.race([work, ended]);
    } finally {
      this.signal.removeEventListener("abort", onEnd);
    }
  }

  /** Pauses between two looks at something. */
  pause(waitingFor: string, ms: number): Promise<void> {
    this.#waitingFor = waitingFor;
    return this.clock.sleep(ms, this.signal);
  }

  [Symbol.dispose](): void {
    this.#finished.abort();
  }

  #timeout(): ViperError {
    return new ViperError(
      "timeout",
      `Cannot ${this.action} within ${this.timeoutMs} ms: still waiting for ${this.#waitingFor}`,
    );
  }
}
