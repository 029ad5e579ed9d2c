/** What is kept of one page's life: what it wrote, what went wrong, what it asked of the network. */
import type { ConsoleEntry, ErrorEntry } from "../../protocol/records.ts";
import { BoundedLog, type LogLimits } from "./bounded_log.ts";
import type { BodySource, RequestRecord } from "./request_record.ts";

/** Console messages of a page that are kept … */
export const CONSOLE_ENTRIES_MAX = 1_000;
/** … and their bytes. */
export const CONSOLE_BYTES_MAX = 1024 * 1024;
/** Uncaught errors of a page that are kept … */
export const ERROR_ENTRIES_MAX = 200;
/** … and their bytes. */
export const ERROR_BYTES_MAX = 512 * 1024;
/** Requests of a page that are kept, without bodies … */
export const REQUEST_ENTRIES_MAX = 1_000;
/** … and their bytes. */
export const REQUEST_BYTES_MAX = 4 * 1024 * 1024;

/** Entries of one kind, and how to number them. */
const LIMITS = {
  console: { entries: CONSOLE_ENTRIES_MAX, bytes: CONSOLE_BYTES_MAX },
  errors: { entries: ERROR_ENTRIES_MAX, bytes: ERROR_BYTES_MAX },
  requests: { entries: REQUEST_ENTRIES_MAX, bytes: REQUEST_BYTES_MAX },
} as const satisfies Record<string, LogLimits>;

/** Every change has the next number of the page, whatever it is about. */
export class PageRecord {
  readonly console: BoundedLog<ConsoleEntry> = new BoundedLog(LIMITS.console);
  readonly errors: BoundedLog<ErrorEntry> = new BoundedLog(LIMITS.errors);
  readonly requests: BoundedLog<RequestRecord> = new BoundedLog(LIMITS.requests);
  /** Where the body of a kept request is; goes with the request. */
  readonly bodies: WeakMap<RequestRecord, BodySource> = new WeakMap();
  readonly now: () => Date;
  #seq = 0;
  #changed = Promise.withResolvers<void>();

  constructor(now: () => Date) {
    this.now = now;
  }

  /** The number of the latest change; 0 before the first. */
  get seq(): number {
    return this.#seq;
  }

  /** Numbers a change; who follows looks once the caller has written it down. */
  next(): number {
    this.#seq++;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
    return this.#seq;
  }

  /** Resolves with the next change. */
  changed(): Promise<void> {
    return this.#changed.promise;
  }
}
