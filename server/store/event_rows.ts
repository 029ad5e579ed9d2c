import type { VmEvent } from "../../protocol/events.ts";
import type { Database } from "./database.ts";

/** Events that are kept; the oldest go first. */
export const EVENTS_KEPT_MAX = 10_000;
/** Old events are removed once in so many, to spare the work. */
const PRUNE_EVERY = 100;

/** Reads and writes the table `events`. */
export class EventRows {
  constructor(private readonly db: Database) {}

  /** Stores an event and gives it its number, one above every number ever given. */
  insert(event: Omit<VmEvent, "seq">): VmEvent {
    const { lastRowId: seq } = this.db.run(
      "INSERT INTO events (type, vm_id, body, at) VALUES (?, ?, ?, ?)",
      event.type,
      event.vm_id,
      JSON.stringify(event),
      event.timestamp,
    );
    if (seq % PRUNE_EVERY === 0) {
      this.db.run("DELETE FROM events WHERE seq <= ?", seq - EVENTS_KEPT_MAX);
    }
    return { seq, ...event };
  }

  /** Events after `seq`, in order, `limit` at most. */
  after(seq: number, limit: number): VmEvent[] {
    return this.db.all<{ seq: number; body: string }>(
      "SELECT seq, body FROM events WHERE seq > ? ORDER BY seq LIMIT ?",
      seq,
      limit,
    ).map((row) => ({ seq: row.seq, ...JSON.parse(row.body) }));
  }

  /** The number of the oldest event that is kept; `null` when there is none. */
  oldest(): number | null {
    return this.db.get<{ seq: number | null }>("SELECT min(seq) AS seq FROM events")?.seq ?? null;
  }

  /** The highest number ever given; 0 before the first. */
  newest(): number {
    const sql = "SELECT seq FROM sqlite_sequence WHERE name = 'events'";
    return this.db.get<{ seq: number }>(sql)?.seq ?? 0;
  }
}
