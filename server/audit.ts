import type { Host } from "../host/host.ts";
import type { AuditRecord } from "../protocol/audit.ts";
import type { AuditRows } from "./store/audit_rows.ts";

/** The record of who changed what: rows for admins, and a line each in the log. */
export class Audit {
  constructor(
    private readonly rows: AuditRows,
    private readonly host: Pick<Host, "clock" | "log">,
  ) {}

  /** Never throws: what was done is done, and its answer is on its way. */
  record(requestId: string, change: Omit<AuditRecord, "seq" | "at">): void {
    this.host.log("info", "audit", { request_id: requestId, ...change });
    try {
      this.rows.insert({ ...change, at: this.host.clock.now().toISOString() });
    } catch (error) {
      this.host.log("error", "an audit record was not stored", { ...change, error });
    }
  }

  /** A page of records, newest first, from where an earlier page ended. */
  list(limit: number, cursor?: string): { records: AuditRecord[]; next_cursor?: string } {
    const from = cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor);
    // One more than asked for tells whether there is another page.
    const found = this.rows.before(from, limit + 1);
    const records = found.slice(0, limit);
    const last = records.at(-1);
    return found.length > limit && last ? { records, next_cursor: String(last.seq) } : { records };
  }
}
