import type { VmEvent } from "../../protocol/events.ts";
import type { Database } from "./database.ts";

/** Events of VMs' lives that are kept; the oldest go first. */
export const EVENTS_KEPT_MAX = 10_000;
/** How long they are kept at most. */
export const EVENTS_AGE_MAX_MS = 30 * 24 * 3_600_000;
/** Lines of logs that are kept as events, of all VMs; apart, so that they push no life out. */
export const LOG_EVENTS_KEPT_MAX = 20_000;
export const LOG_EVENTS_AGE_MAX_MS = 24 * 3_600_000;
/** Old events are removed once in so many, to spare the work. */
const PRUNE_EVERY = 100;

/** What is kept apart, with the condition that the partial indexes of the table have. */
const KINDS = {
  life: { where: "type <> 'VM_LOG'", keptMax: EVENTS_KEPT_MAX, ageMaxMs: EVENTS_AGE_MAX_MS },
  log: { where: "type = 'VM_LOG'", keptMax: LOG_EVENTS_KEPT_MAX, ageMaxMs: LOG_EVENTS_AGE_MAX_MS },
} as const;
/** A VM's life, or a line of its logs. */
export type EventKind = keyof typeof KINDS;

/** Which events a reader wants: all, or those of one kind, of one VM when it is named. */
export type EventFilter =
  | { readonly kind?: never; readonly vmId?: never }
  | { readonly kind: EventKind; readonly vmId?: string };

/** Reads and writes the table `events`. */
export class EventRows {
  constructor(private readonly db: Database) {}

  /**
   * Stores an event and gives it its number, one above every number ever given. `at` is the
   * daemon's own time, where the event's timestamp is somebody else's.
   */
  insert(event: Omit<VmEvent, "seq">, at = event.timestamp): VmEvent {
    const { lastRowId: seq } = this.db.run(
      "INSERT INTO events (type, vm_id, body, at) VALUES (?, ?, ?, ?)",
      event.type,
      event.vm_id,
      JSON.stringify(event),
      at,
    );
    if (seq % PRUNE_EVERY === 0) this.prune(Date.parse(at));
    return { seq, ...event };
  }

  /** Removes what is too old or too much, of each kind by its own limits. */
  prune(nowMs: number): void {
    for (const [kind, { where, keptMax, ageMaxMs }] of Object.entries(KINDS)) {
      const bySeq = this.db.get<{ seq: number }>(
        `SELECT seq FROM events WHERE ${where} ORDER BY seq DESC LIMIT 1 OFFSET ?`,
        keptMax,
      )?.seq ?? 0;
      const byAge = this.db.get<{ seq: number | null }>(
        `SELECT max(seq) AS seq FROM events WHERE ${where} AND at < ?`,
        new Date(nowMs - ageMaxMs).toISOString(),
      )?.seq ?? 0;
      const upTo = Math.max(bySeq, byAge);
      const { changes } = this.db.run(`DELETE FROM events WHERE ${where} AND seq <= ?`, upTo);
      if (changes > 0) this.db.run("UPDATE events_removed SET seq = ? WHERE kind = ?", upTo, kind);
    }
  }

  /** Events after `seq`, in order, `limit` at most. */
  after(seq: number, limit: number, { kind, vmId }: EventFilter = {}): VmEvent[] {
    const conditions = ["seq > ?", ...(kind === undefined ? [] : [KINDS[kind].where])];
    if (vmId !== undefined) conditions.push("vm_id = ?");
    return this.db.all<{ seq: number; body: string }>(
      `SELECT seq, body FROM events WHERE ${conditions.join(" AND ")} ORDER BY seq LIMIT ?`,
      ...[seq, ...(vmId === undefined ? [] : [vmId]), limit],
    ).map((row) => ({ seq: row.seq, ...JSON.parse(row.body) }));
  }

  /** The number up to which events of that kind were removed; 0 when none ever was. */
  removedUpTo(kind: EventKind): number {
    const sql = "SELECT seq FROM events_removed WHERE kind = ?";
    return this.db.get<{ seq: number }>(sql, kind)?.seq ?? 0;
  }

  /** The highest number ever given; 0 before the first. */
  newest(): number {
    const sql = "SELECT seq FROM sqlite_sequence WHERE name = 'events'";
    return this.db.get<{ seq: number }>(sql)?.seq ?? 0;
  }
}
