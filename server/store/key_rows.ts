import type { Role } from "../../protocol/roles.ts";
import type { Database } from "./database.ts";

/** A row of the table `api_keys`. */
export interface KeyRow {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** Hexadecimal; the key itself is kept nowhere. */
  readonly secret_sha256: string;
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly last_used_at: string | null;
}

/** Reads and writes the table `api_keys`. */
export class KeyRows {
  constructor(private readonly db: Database) {}

  /** All rows, oldest first. */
  all(): KeyRow[] {
    return this.db.all<KeyRow>("SELECT * FROM api_keys ORDER BY created_at, rowid");
  }

  byId(id: string): KeyRow | undefined {
    return this.db.get<KeyRow>("SELECT * FROM api_keys WHERE id = ?", id);
  }

  byName(name: string): KeyRow | undefined {
    return this.db.get<KeyRow>("SELECT * FROM api_keys WHERE name = ?", name);
  }

  count(): number {
    return this.db.get<{ n: number }>("SELECT count(*) AS n FROM api_keys")?.n ?? 0;
  }

  insert(row: KeyRow): void {
    const names = Object.keys(row);
    this.db.run(
      `INSERT INTO api_keys (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`,
      ...Object.values(row),
    );
  }

  touch(id: string, at: string): void {
    this.db.run("UPDATE api_keys SET last_used_at = ? WHERE id = ?", at, id);
  }

  /** Whether there was one to remove. */
  remove(id: string): boolean {
    return this.db.run("DELETE FROM api_keys WHERE id = ?", id).changes === 1;
  }
}
