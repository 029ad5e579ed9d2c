import type { Database } from "./database.ts";

/** How long a key is remembered, in milliseconds, and how many are. */
export const IDEMPOTENCY_KEY_AGE_MS_MAX = 24 * 3_600_000;
export const IDEMPOTENCY_KEYS_MAX = 10_000;

/** What a key was used for. */
export interface IdempotencyRow {
  /** Keys of different callers have nothing to do with each other. */
  readonly caller: string;
  readonly key: string;
  readonly request_hash: string;
  readonly vm_id: string;
}

/** Reads and writes the table `idempotency_keys`. */
export class IdempotencyRows {
  constructor(private readonly db: Database) {}

  find(caller: string, key: string, now: Date): IdempotencyRow | undefined {
    return this.db.get<IdempotencyRow>(
      `SELECT caller, key, request_hash, vm_id FROM idempotency_keys
        WHERE caller = ? AND key = ? AND at >= ?`,
      caller,
      key,
      oldest(now),
    );
  }

  /** Remembers a key and forgets what is too old or too much. */
  insert(row: IdempotencyRow, now: Date): void {
    this.db.run("DELETE FROM idempotency_keys WHERE at < ?", oldest(now));
    this.db.run(
      `DELETE FROM idempotency_keys WHERE rowid IN
        (SELECT rowid FROM idempotency_keys ORDER BY at DESC LIMIT -1 OFFSET ?)`,
      IDEMPOTENCY_KEYS_MAX - 1,
    );
    this.db.run(
      `INSERT INTO idempotency_keys (caller, key, request_hash, vm_id, at) VALUES (?, ?, ?, ?, ?)`,
      row.caller,
      row.key,
      row.request_hash,
      row.vm_id,
      now.toISOString(),
    );
  }

  /** Forgets the key of a VM that came to nothing, so that the request can be made again. */
  removeOf(vmId: string): void {
    this.db.run("DELETE FROM idempotency_keys WHERE vm_id = ?", vmId);
  }
}

/** Keys from before are forgotten. */
function oldest(now: Date): string {
  return new Date(now.getTime() - IDEMPOTENCY_KEY_AGE_MS_MAX).toISOString();
}
