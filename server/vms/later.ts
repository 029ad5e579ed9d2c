import type { Clock } from "../../host/host.ts";

/** How long after a failure a job that must not be lost is tried again. */
const RETRY_PAUSE_MS = 1_000;

/** What a job that must not be lost is done with. */
export interface InsistOptions {
  readonly clock: Clock;
  /** Ends the pauses between tries. */
  readonly signal: AbortSignal;
  readonly onFailure: (error: unknown) => void;
}

/** Does the job until it succeeds. @throws the signal's reason, when that comes between two tries */
export async function insist(
  job: () => Promise<void>,
  { clock, signal, onFailure }: InsistOptions,
): Promise<void> {
  while (true) {
    try {
      return await job();
    } catch (error) {
      onFailure(error);
    }
    await clock.sleep(RETRY_PAUSE_MS, signal);
  }
}

/** What is to happen to a VM later, unless it is cancelled or planned anew before. */
export class Later {
  #cancelled = new AbortController();

  constructor(
    private readonly clock: Clock,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  /** Does the job in `ms`, until it succeeds. */
  plan(ms: number, job: () => Promise<void>): void {
    this.cancel();
    const { clock, onFailure } = this;
    const { signal } = this.#cancelled;
    clock.sleep(ms, signal).then(() => insist(job, { clock, signal, onFailure })).catch((error) => {
      if (!signal.aborted) onFailure(error);
    });
  }

  /** What is under way already goes on, and is not tried again. */
  cancel(): void {
    this.#cancelled.abort();
    this.#cancelled = new AbortController();
  }
}
