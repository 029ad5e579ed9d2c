/**
 * Numbers events, keeps them in the store and wakes subscribers.
 *
 * A subscriber holds a cursor, not a queue: it reads what follows its cursor from the store in
 * pages. Memory is therefore bounded however slow a subscriber is, and resuming after a gap is
 * the same as being slow. What retention has removed meanwhile is told as a `gap`: to one who
 * reads everything by the holes in the numbers, to one who reads a part by what of it was removed.
 *
 * @module
 */
import type { EventGap, VmEvent } from "../../protocol/events.ts";
import type { Database } from "../store/database.ts";
import { type EventFilter, EventRows } from "../store/event_rows.ts";

/** Events that a subscriber reads from the store at once. */
const PAGE_EVENTS = 256;
/** What a publisher says; number and time are the bus's. */
export type EventDraft = Omit<VmEvent, "seq" | "timestamp">;

/** A line of a VM's logs; its time is the writer's. */
export type LogDraft = Omit<VmEvent, "seq" | "type">;

/** Settings of {@linkcode EventBus.follow}. */
export type FollowOptions = EventFilter & {
  /** Begin after this number; left out: only what happens from now on. */
  readonly after?: number;
  readonly signal: AbortSignal;
};

/** The one way from a VM's change to those who watch. */
export class EventBus {
  readonly #rows: EventRows;
  readonly #listeners: ((event: VmEvent) => void)[] = [];
  #followers = 0;
  /** Those who have read all there is, and what they wait for. */
  readonly #waiting = new Map<() => void, EventFilter>();

  constructor(private readonly db: Database, private readonly now: () => Date) {
    this.#rows = new EventRows(db);
  }

  /** Stores the event in one transaction with `change`, then wakes subscribers. */
  publish(draft: EventDraft, change: () => void = () => {}): VmEvent {
    const event = this.db.withTx(() => {
      change();
      return this.#rows.insert({ ...draft, timestamp: this.now().toISOString() });
    });
    this.#wake([event]);
    return event;
  }

  /** Stores lines of a VM's logs, each with the time at which it was written, in one transaction. */
  publishLogs(drafts: readonly LogDraft[]): void {
    const at = this.now().toISOString();
    this.#wake(
      this.db.withTx(() =>
        drafts.map((draft) => this.#rows.insert({ ...draft, type: "VM_LOG" }, at))
      ),
    );
  }

  /** The number of the newest event. */
  get newest(): number {
    return this.#rows.newest();
  }

  /** Events from the cursor on, without end, until the signal is aborted. */
  async *follow(options: FollowOptions): AsyncGenerator<VmEvent | EventGap> {
    this.#followers++;
    try {
      yield* this.#read(options);
    } finally {
      this.#followers--;
    }
  }

  async *#read({ after, signal, ...filter }: FollowOptions): AsyncGenerator<VmEvent | EventGap> {
    const newest = this.#rows.newest();
    // A number from the future belongs to an earlier state file: all that is kept is news.
    let cursor = after === undefined ? newest : after > newest ? 0 : after;
    while (!signal.aborted) {
      const page = this.#page(cursor, filter);
      // No await between the empty page and the sleep: an event in between would wake nobody.
      if (page.length === 0) await this.#next(filter, signal);
      for (const event of page) {
        if (signal.aborted) return;
        yield event;
      }
      const last = page.at(-1);
      cursor = last === undefined ? cursor : last.type === "gap" ? last.to : last.seq;
    }
  }

  /** Calls back with each event as it is stored, in order; for those who only count. */
  listen(listener: (event: VmEvent) => void): void {
    this.#listeners.push(listener);
  }

  /** How many follow at the moment. */
  get subscribers(): number {
    return this.#followers;
  }

  /** How many follow at the moment and have read all there is. */
  get idleSubscribers(): number {
    return this.#waiting.size;
  }

  #page(cursor: number, filter: EventFilter): (VmEvent | EventGap)[] {
    const events = this.#rows.after(cursor, PAGE_EVENTS, filter);
    if (filter.kind === undefined) return withHolesTold(events, cursor, this.#rows.newest());
    // Each kind goes from its oldest on: at or before that number nothing of it is left.
    const removed = this.#rows.removedUpTo(filter.kind);
    return removed <= cursor ? events : [{ type: "gap", from: cursor + 1, to: removed }, ...events];
  }

  #wake(events: readonly VmEvent[]): void {
    for (const listener of this.#listeners) events.forEach(listener);
    for (const [wake, { kind, vmId }] of this.#waiting) {
      const isWanted = events.some((event) =>
        (vmId === undefined || event.vm_id === vmId) &&
        (kind === undefined || (event.type === "VM_LOG") === (kind === "log"))
      );
      if (isWanted) wake();
    }
  }

  #next(filter: EventFilter, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => {
      this.#waiting.delete(wake);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    this.#waiting.set(wake, filter);
    signal.addEventListener("abort", wake);
    return promise;
  }
}

/** Numbers have no holes of their own, so whatever is missing was removed. */
function withHolesTold(
  events: readonly VmEvent[],
  cursor: number,
  newest: number,
): (VmEvent | EventGap)[] {
  const told: (VmEvent | EventGap)[] = [];
  let next = cursor + 1;
  for (const event of events) {
    if (event.seq > next) told.push({ type: "gap", from: next, to: event.seq - 1 });
    told.push(event);
    next = event.seq + 1;
  }
  if (events.length === 0 && newest >= next) told.push({ type: "gap", from: next, to: newest });
  return told;
}
