/**
 * The daemon's state in one SQLite file: opened, migrated and closed here. Rows are read and
 * written by the siblings of this file.
 *
 * @module
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { MIGRATIONS } from "./migrations.ts";

/** How long a statement waits for another process's lock, in milliseconds. */
const BUSY_TIMEOUT_MS = 5_000;

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
   * @throws {Error} when the file is not a database or was written by a newer version
   */
  static open(path: string): Database {
    const db = new DatabaseSync(path);
    try {
      db.exec(
        `PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; PRAGMA journal_mode = WAL;
         PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;`,
      );
      const database = new Database(db);
      database.#migrate(path);
      return database;
    } catch (error) {
      db.close();
      throw new Error(`Cannot open the state database "${path}"`, { cause: error });
    }
  }

  /** Rows that a query yields. */
  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#prepare(sql).all(...values) as Row[];
  }

  /** The first row of a query, if there is one. */
  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#prepare(sql).get(...values) as Row | undefined;
  }

  /** Runs a statement and tells how many rows it changed. */
  run(sql: string, ...values: SQLInputValue[]): { changes: number; lastRowId: number } {
    const { changes, lastInsertRowid } = this.#prepare(sql).run(...values);
    return { changes: Number(changes), lastRowId: Number(lastInsertRowid) };
  }

  /** Runs `body` in a transaction that any error rolls back; inside another it joins that. */
  withTx<Result>(body: () => Result): Result {
    if (this.#inTransaction) return body();
    this.#db.exec("BEGIN IMMEDIATE");
    this.#inTransaction = true;
    try {
      const result = body();
      this.#db.exec("COMMIT");
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

  #migrate(path: string): void {
    const { user_version: applied } = this.#db.prepare("PRAGMA user_version").get() as {
      user_version: number;
    };
    if (applied > MIGRATIONS.length) {
      throw new Error(
        `"${path}" has schema ${applied}, and this version of Viper knows ${MIGRATIONS.length}: ` +
          "use the newer Viper, or another state folder",
      );
    }
    if (applied === MIGRATIONS.length) return;
    this.withTx(() => {
      for (const step of MIGRATIONS.slice(applied)) this.#db.exec(step);
      this.#db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
    });
  }
}
