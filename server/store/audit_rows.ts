import type { AuditRecord } from "../../protocol/audit.ts";
import type { Database } from "./database.ts";

/** Records that are kept; the oldest go first. */
export const AUDIT_KEPT_MAX = 100_000;
/** Records older than so many days go, however few there are. */
export const AUDIT_KEPT_DAYS = 90;
/** Old records are removed once in so many, to spare the work. */
const PRUNE_EVERY = 100;
const DAY_MS = 86_400_000;

/** Reads and writes the table `audit`. */
export class AuditRows {
  constructor(private readonly db: Database) {}

  /** Stores a record and gives it its number, one above every number ever given. */
  insert(record: Omit<AuditRecord, "seq">): void {
    const { lastRowId: seq } = this.db.run(
      `INSERT INTO audit
         (at, principal, key_id, role, via, peer, operation, target, outcome)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[record.at, record.principal, record.key_id ?? null, record.role, record.via],
      ...[record.peer ?? null, record.operation, record.target, record.outcome],
    );
    if (seq % PRUNE_EVERY === 0) this.#prune(seq, Date.parse(record.at));
  }

  /** Records before `seq`, newest first, `limit` at most. */
  before(seq: number, limit: number): AuditRecord[] {
    return this.db.all<Record<string, unknown>>(
      "SELECT * FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT ?",
      seq,
      limit,
    ).map((row) =>
      Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as AuditRecord
    );
  }

  #prune(newest: number, nowMs: number): void {
    const oldest = new Date(nowMs - AUDIT_KEPT_DAYS * DAY_MS).toISOString();
    this.db.run("DELETE FROM audit WHERE seq <= ? OR at < ?", newest - AUDIT_KEPT_MAX, oldest);
  }
}
