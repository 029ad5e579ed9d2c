/**
 * The daemon's state in one SQLite file: opened, migrated and closed here. Rows are read and
 * written by the siblings of this file.
 *
 * @module
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { ViperError } from "../../protocol/problems.ts";
import { MIGRATIONS } from "./migrations.ts";

/** How long a statement waits for another process's lock, and the whole daemon with it. */
const BUSY_TIMEOUT_MS = 1_000;
/** When a client whose request met a lock may ask again. */
const RETRY_AFTER_SECONDS = 5;

/** SQLite's result codes; https://www.sqlite.org/rescode.html */
const CODES = { busy: 5, corrupt: 11, full: 13, notADatabase: 26 } as const;

/** An open database. Statements are prepared once per text. */
export class Database implements Disposable {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #inTransaction = false;

  private constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /**
   * Opens or makes the file and applies what migrations it lacks, all or none.
   *
   * @throws {Error} when the file is no database, is damaged, or was written by a newer version; it
   * is as it was then
   */
  static open(path: string): Database {
    assertUsable(path);
    const db = new DatabaseSync(path);
    try {
      db.exec(
        `PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; PRAGMA journal_mode = WAL;
         PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;`,
      );
      const database = new Database(db);
      database.#migrate();
      return database;
    } catch (error) {
      db.close();
      throw new Error(`Cannot open the state database "${path}"`, { cause: error });
    }
  }

  /** Rows that a query yields. */
  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return told(() => this.#prepare(sql).all(...values)) as Row[];
  }

  /** The first row of a query, if there is one. */
  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return told(() => this.#prepare(sql).get(...values)) as Row | undefined;
  }

  /** Runs a statement and tells how many rows it changed. */
  run(sql: string, ...values: SQLInputValue[]): { changes: number; lastRowId: number } {
    const { changes, lastInsertRowid } = told(() => this.#prepare(sql).run(...values));
    return { changes: Number(changes), lastRowId: Number(lastInsertRowid) };
  }

  /** Runs `body` in a transaction that any error rolls back; inside another it joins that. */
  withTx<Result>(body: () => Result): Result {
    if (this.#inTransaction) return body();
    // As statements, since exec() does not give SQLite's result code.
    this.run("BEGIN IMMEDIATE");
    this.#inTransaction = true;
    try {
      const result = body();
      this.run("COMMIT");
      return result;
    } catch (error) {
      // SQLite has rolled back by itself after some errors, such as a full disk.
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    } finally {
      this.#inTransaction = false;
    }
  }

  [Symbol.dispose](): void {
    this.#statements.clear();
    this.#db.close();
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #migrate(): void {
    const applied = schemaOf(this.#db);
    if (applied === MIGRATIONS.length) return;
    this.withTx(() => {
      for (const step of MIGRATIONS.slice(applied)) this.#db.exec(step);
      this.#db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
    });
  }
}

/**
 * Looks at the file without changing a byte of it: even to close a database that was open for
 * writing writes what its log holds.
 */
function assertUsable(path: string): void {
  using db = openToRead(path);
  if (db === null) return;
  try {
    const applied = schemaOf(db);
    if (applied > MIGRATIONS.length) {
      throw new Error(
        `Cannot open the state database "${path}": it has schema ${applied}, and this version of ` +
          `Viper knows ${MIGRATIONS.length}; use the newer Viper, or another database with --db`,
      );
    }
    const [found] = db.prepare("PRAGMA quick_check(1)").all() as { quick_check: string }[];
    if (found?.quick_check !== "ok") throw damaged(path, found?.quick_check);
  } catch (error) {
    const code = resultCode(error);
    if (code === CODES.corrupt || code === CODES.notADatabase) throw damaged(path, error);
    throw error;
  }
}

/** `null` when it is yet to be made; why else it cannot be opened, the one who writes is told. */
function openToRead(path: string): DatabaseSync | null {
  try {
    return new DatabaseSync(path, { readOnly: true });
  } catch {
    return null;
  }
}

function damaged(path: string, cause: unknown): Error {
  return new Error(
    `Cannot open the state database "${path}": it is damaged, or no database; put a copy in its ` +
      "place, or move it away to begin without VMs and keys",
    { cause },
  );
}

function schemaOf(db: DatabaseSync): number {
  return (db.prepare("PRAGMA user_version").get() as { user_version: number }).user_version;
}

/** Does the job; what may be over soon, or can be mended from outside, is told as such. */
function told<Result>(job: () => Result): Result {
  try {
    return job();
  } catch (cause) {
    const code = resultCode(cause);
    if (code === CODES.busy) {
      const message = "Cannot change the state: another program keeps the database locked";
      throw new ViperError("state_locked", message, {
        cause,
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    }
    if (code !== CODES.full) throw cause;
    throw new ViperError("disk_full", "Cannot change the state: the disk is full", { cause });
  }
}

/** The primary result code: the low byte of what may be an extended one. */
function resultCode(error: unknown): number {
  const { errcode } = error as { errcode?: unknown };
  return typeof errcode === "number" ? errcode & 0xff : 0;
}
