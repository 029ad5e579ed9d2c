/**
 * Numbers events, keeps them in the store and wakes subscribers.
 *
 * A subscriber holds a cursor, not a queue: it reads what follows its cursor from the store in
 * pages. Memory is therefore bounded however slow a subscriber is, and resuming after a gap is
 * the same as being slow. What retention has removed meanwhile is told as a `gap`.
 *
 * @module
 */
import type { EventGap, VmEvent } from "../../protocol/events.ts";
import type { Database } from "../store/database.ts";
import { EventRows } from "../store/event_rows.ts";

/** Events that a subscriber reads from the store at once. */
const PAGE_EVENTS = 256;
/** What a publisher says; number and time are the bus's. */
export type EventDraft = Omit<VmEvent, "seq" | "timestamp">;

/** Settings of {@linkcode EventBus.follow}. */
export interface FollowOptions {
  /** Begin after this number; left out: only what happens from now on. */
  readonly after?: number;
  readonly signal: AbortSignal;
}

/** The one way from a VM's change to those who watch. */
export class EventBus {
  readonly #rows: EventRows;
  readonly #waiting = new Set<() => void>();

  constructor(private readonly db: Database, private readonly now: () => Date) {
    this.#rows = new EventRows(db);
  }

  /** Stores the event in one transaction with `change`, then wakes subscribers. */
  publish(draft: EventDraft, change: () => void = () => {}): VmEvent {
    const event = this.db.withTx(() => {
      change();
      return this.#rows.insert({ ...draft, timestamp: this.now().toISOString() });
    });
    for (const wake of this.#waiting) wake();
    return event;
  }

  /** Events from the cursor on, without end, until the signal is aborted. */
  async *follow({ after, signal }: FollowOptions): AsyncGenerator<VmEvent | EventGap> {
    const newest = this.#rows.newest();
    // A number from the future belongs to an earlier state file: all that is kept is news.
    let cursor = after === undefined ? newest : after > newest ? 0 : after;
    while (!signal.aborted) {
      const page = this.#rows.after(cursor, PAGE_EVENTS);
      const gap = this.#gap(cursor, page);
      // No await between the empty page and the sleep: an event in between would wake nobody.
      if (page.length === 0 && gap === null) await this.#next(signal);
      for (const event of gap === null ? page : [gap, ...page]) {
        if (signal.aborted) return;
        yield event;
      }
      cursor = page.at(-1)?.seq ?? gap?.to ?? cursor;
    }
  }

  /** How many follow at the moment and have read all there is. */
  get idleSubscribers(): number {
    return this.#waiting.size;
  }

  #gap(cursor: number, page: VmEvent[]): EventGap | null {
    const next = page[0]?.seq ?? this.#rows.newest() + 1;
    return next > cursor + 1 ? { type: "gap", from: cursor + 1, to: next - 1 } : null;
  }

  #next(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => {
      this.#waiting.delete(wake);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    this.#waiting.add(wake);
    signal.addEventListener("abort", wake);
    return promise;
  }
}
