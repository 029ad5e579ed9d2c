import type { Database } from "./database.ts";

/** A row of the table `profiles`, without what the profile holds. */
export interface ProfileRow {
  /** Never given again, other than the name. */
  readonly id: string;
  readonly name: string;
  /** Grows by one with each save. */
  readonly version: number;
  /** Which key sealed it. */
  readonly key_id: string;
  /** Of its JSON, before it was sealed. */
  readonly size_bytes: number;
  readonly cookies: number;
  readonly origins: number;
  readonly save_error: string | null;
  readonly created_at: string;
  readonly updated_at: string;
}

/** What a save changes. */
export type ProfileSave = Pick<
  ProfileRow,
  "version" | "size_bytes" | "cookies" | "origins" | "updated_at"
>;

const SELECT = `SELECT id, name, version, key_id, size_bytes, cookies, origins, save_error,
  created_at, updated_at FROM profiles`;

/** Reads and writes the table `profiles`. */
export class ProfileRows {
  constructor(private readonly db: Database) {}

  /** All rows, oldest first. */
  all(): ProfileRow[] {
    return this.db.all<ProfileRow>(`${SELECT} ORDER BY seq`);
  }

  byName(name: string): ProfileRow | undefined {
    return this.db.get<ProfileRow>(`${SELECT} WHERE name = ?`, name);
  }

  count(): number {
    return this.db.get<{ n: number }>("SELECT count(*) AS n FROM profiles")?.n ?? 0;
  }

  /** Keys that profiles are sealed with; more than one only where somebody wrote by hand. */
  keyIds(): string[] {
    return this.db.all<{ key_id: string }>("SELECT DISTINCT key_id FROM profiles")
      .map(({ key_id }) => key_id);
  }

  sealedOf(id: string): Uint8Array<ArrayBuffer> | undefined {
    const sql = "SELECT sealed FROM profiles WHERE id = ?";
    return this.db.get<{ sealed: Uint8Array<ArrayBuffer> }>(sql, id)?.sealed;
  }

  insert(row: ProfileRow, sealed: Uint8Array): void {
    const names = [...Object.keys(row), "sealed"];
    this.db.run(
      `INSERT INTO profiles (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`,
      ...Object.values(row),
      sealed,
    );
  }

  /** Whether it was still there in the version before. */
  save(id: string, save: ProfileSave, sealed: Uint8Array): boolean {
    const { version, size_bytes, cookies, origins, updated_at } = save;
    const { changes } = this.db.run(
      `UPDATE profiles SET version = ?, size_bytes = ?, cookies = ?, origins = ?, updated_at = ?,
        save_error = NULL, sealed = ? WHERE id = ? AND version = ?`,
      ...[version, size_bytes, cookies, origins, updated_at],
      ...[sealed, id, version - 1],
    );
    return changes === 1;
  }

  noteSaveError(name: string, error: string): void {
    this.db.run("UPDATE profiles SET save_error = ? WHERE name = ?", error, name);
  }

  /** Whether there was one to remove. */
  remove(name: string): boolean {
    return this.db.run("DELETE FROM profiles WHERE name = ?", name).changes === 1;
  }
}
