/** The state database: migrations, transactions and what it refuses. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { Database } from "../../../../server/store/database.ts";
import { MIGRATIONS } from "../../../../server/store/migrations.ts";
import { VmRows } from "../../../../server/store/vm_rows.ts";
import { vmRow } from "./vm_row.ts";

async function withPath(body: (path: string) => void | Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "viper-store-" });
  try {
    await body(`${folder}/state.db`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const version = (db: Database) =>
  db.get<{ user_version: number }>("PRAGMA user_version")?.user_version;

Deno.test("Database.open() applies each migration once and keeps what is stored", () =>
  withPath((path) => {
    {
      using db = Database.open(path);
      assert.equal(version(db), MIGRATIONS.length);
      new VmRows(db).insert(vmRow("one"));
    }
    using db = Database.open(path);
    assert.equal(version(db), MIGRATIONS.length);
    assert.equal(new VmRows(db).byName("one")?.id, "one");
  }));

Deno.test("Database.open() refuses a newer schema, says what to do, and changes no byte", () =>
  withPath((path) => {
    Database.open(path)[Symbol.dispose]();
    const newer = new DatabaseSync(path);
    newer.exec(`PRAGMA user_version = ${MIGRATIONS.length + 1}`);
    newer.close();
    const before = Deno.readFileSync(path);
    const known = MIGRATIONS.length;
    assert.throws(
      () => Database.open(path),
      new RegExp(`"${path}": it has schema ${known + 1}.*knows ${known}; use the newer Viper`),
    );
    assert.deepEqual(Deno.readFileSync(path), before);
  }));

Deno.test("Database.open() refuses a file that is no database and leaves it as it is", () =>
  withPath((path) => {
    Deno.writeTextFileSync(path, "This is not a database, but a letter.".repeat(40));
    const before = Deno.readFileSync(path);
    assert.throws(() => Database.open(path), /Cannot open the state database.*put a copy/);
    assert.deepEqual(Deno.readFileSync(path), before);
  }));

Deno.test("Database makes STRICT tables only, and they are those of the design", () => {
  using db = Database.open(":memory:");
  const tables = db.all<{ name: string; strict: number }>("PRAGMA table_list")
    .filter(({ name }) => !name.startsWith("sqlite_"));
  assert.deepEqual(tables.map(({ name }) => name).sort(), [
    ...[
      "api_keys",
      "audit",
      "events",
      "events_removed",
      "idempotency_keys",
      "ip_allocations",
      "plugins",
      "profiles",
      "vms",
      "workloads",
    ],
  ]);
  for (const { name, strict } of tables) assert.equal(strict, 1, name);
  assert.throws(() => new VmRows(db).insert({ ...vmRow("one"), pid: "one" as never }));
});

Deno.test("Database keeps a write-ahead log and holds foreign keys", () =>
  withPath((path) => {
    using db = Database.open(path);
    assert.equal(db.get<{ journal_mode: string }>("PRAGMA journal_mode")?.journal_mode, "wal");
    const insert = "INSERT INTO ip_allocations VALUES ('10.0.0.2', 'nobody', 'now')";
    assert.throws(() => db.run(insert), /FOREIGN KEY/);
  }));

Deno.test("Database.withTx() rolls everything back on an error and can go on", () => {
  using db = Database.open(":memory:");
  const rows = new VmRows(db);
  const failure = new Error("on purpose");
  const body = () => {
    rows.insert(vmRow("one"));
    throw failure;
  };
  assert.throws(() => db.withTx(body), failure);
  assert.equal(rows.count(), 0);
  assert.equal(db.withTx(() => (rows.insert(vmRow("two")), "done")), "done");
  assert.equal(rows.count(), 1);
});

Deno.test("Database.withTx() inside another joins it: all or nothing", () => {
  using db = Database.open(":memory:");
  const rows = new VmRows(db);
  assert.throws(() =>
    db.withTx(() => {
      db.withTx(() => rows.insert(vmRow("inner")));
      throw new Error("outer");
    }), /outer/);
  assert.equal(rows.count(), 0);
  db.withTx(() => db.withTx(() => rows.insert(vmRow("inner"))));
  assert.equal(rows.count(), 1);
});

Deno.test("VmRows.remove() gives the lease back with the row", () => {
  using db = Database.open(":memory:");
  const rows = new VmRows(db);
  rows.insert(vmRow("one"));
  db.run("INSERT INTO ip_allocations VALUES ('10.0.0.2', 'one', 'now')");
  assert.equal(rows.byId("one")?.ip_address, "10.0.0.2");
  rows.remove("one");
  assert.deepEqual(db.all("SELECT * FROM ip_allocations"), []);
  assert.throws(() => rows.update("one", { status: "stopped" }, "now"), /it has no row/);
});

Deno.test("Database.withTx() throws what went wrong when SQLite has rolled back already", () => {
  using db = Database.open(":memory:");
  const body = () => {
    db.run("ROLLBACK");
    throw new Error("disk full");
  };
  assert.throws(() => db.withTx(body), /disk full/);
  assert.equal(db.withTx(() => "done"), "done");
});

Deno.test("Database tells of a lock as state_locked, and goes on once it is open", () =>
  withPath((path) => {
    using db = Database.open(path);
    const other = new DatabaseSync(path);
    other.exec("BEGIN EXCLUSIVE");
    const insert = () => db.withTx(() => new VmRows(db).insert(vmRow("one")));
    assert.throws(insert, { code: "state_locked", retryAfterSeconds: 5 });
    other.exec("ROLLBACK");
    other.close();
    insert();
  }));

Deno.test("Database tells of a full disk as disk_full, and nothing of the change is stored", () => {
  using db = Database.open(":memory:");
  const { page_count } = db.get<{ page_count: number }>("PRAGMA page_count") ?? {};
  db.get(`PRAGMA max_page_count = ${(page_count ?? 0) + 1}`);
  const rows = new VmRows(db);
  const fill = () => {
    for (let at = 0; at < 100; at++) rows.insert(vmRow(`vm-${at}`));
  };
  assert.throws(() => db.withTx(fill), { code: "disk_full", status: 507 });
  assert.equal(rows.count(), 0);
});
