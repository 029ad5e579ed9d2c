/** The part of a log that was asked for. */
import type { BoundedLog } from "./bounded_log.ts";

/** Which entries are wanted. */
export interface Wanted {
  /** Only what came or changed after this number. */
  readonly since?: number | undefined;
  readonly limit: number;
}

/** Entries with numbers, and what there is to say of the rest. */
export interface Selection<T> {
  readonly entries: T[];
  /** Entries of the log that had to go, ever. */
  readonly dropped: number;
  /** What to pass as `since` next time. */
  readonly next_since: number;
  /** More fit than were asked for. */
  readonly more: boolean;
}

/**
 * Those that fit, in the order of their latest change: the first after `since`, or else the last.
 * `seq` is the record's latest number.
 */
export function selectEntries<T extends { readonly seq: number }>(
  log: BoundedLog<T>,
  seq: number,
  { since, limit }: Wanted,
  fits: (entry: T) => boolean,
): Selection<T> {
  const fitting = log.entries
    .filter((entry) => entry.seq > (since ?? 0) && fits(entry))
    .sort((a, b) => a.seq - b.seq);
  const more = fitting.length > limit;
  const entries = since === undefined ? fitting.slice(-limit) : fitting.slice(0, limit);
  const isCut = more && since !== undefined;
  return {
    entries,
    dropped: log.dropped,
    next_since: isCut ? entries.at(-1)?.seq ?? seq : seq,
    more,
  };
}
