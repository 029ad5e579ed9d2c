import assert from "node:assert/strict";
import { Database } from "../../../../server/store/database.ts";
import {
  type EventFilter,
  EventRows,
  EVENTS_AGE_MAX_MS,
  EVENTS_KEPT_MAX,
  LOG_EVENTS_AGE_MAX_MS,
  LOG_EVENTS_KEPT_MAX,
} from "../../../../server/store/event_rows.ts";

const EVENT = {
  type: "VM_CREATED",
  name: "one",
  vm_id: "id",
  status: "pending",
  timestamp: "2024-01-01T00:00:00.000Z",
} as const;
const LOG = { ...EVENT, type: "VM_LOG", stream: "agent", line: "words" } as const;

Deno.test("EventRows.insert() numbers from 1 and after() pages in order", () => {
  using db = Database.open(":memory:");
  const rows = new EventRows(db);
  assert.deepEqual([rows.newest(), rows.after(0, 1)], [0, []]);
  assert.deepEqual([1, 2, 3].map(() => rows.insert(EVENT).seq), [1, 2, 3]);
  assert.deepEqual(rows.after(1, 10), [{ seq: 2, ...EVENT }, { seq: 3, ...EVENT }]);
  assert.deepEqual(rows.after(0, 1).map(({ seq }) => seq), [1]);
  assert.deepEqual(rows.after(3, 10), []);
});

Deno.test("EventRows never gives a number twice, even when all events are gone", () => {
  using db = Database.open(":memory:");
  const rows = new EventRows(db);
  rows.insert(EVENT);
  rows.insert(EVENT);
  db.run("DELETE FROM events");
  assert.equal(rows.newest(), 2);
  assert.equal(rows.insert(EVENT).seq, 3);
});

Deno.test("EventRows keeps the newest of each kind up to its own limit", () => {
  using db = Database.open(":memory:");
  const rows = new EventRows(db);
  db.withTx(() => {
    for (let made = 0; made < 300; made++) rows.insert(EVENT);
    for (let made = 0; made < LOG_EVENTS_KEPT_MAX + 200; made++) rows.insert(LOG);
  });
  assert.equal(count(db, "life"), 300, "no log pushes a life out");
  assert.equal(count(db, "log"), LOG_EVENTS_KEPT_MAX);
  assert.deepEqual([rows.removedUpTo("life"), rows.removedUpTo("log")], [0, 500]);
  db.withTx(() => {
    for (let made = 0; made < EVENTS_KEPT_MAX; made++) rows.insert(EVENT);
  });
  assert.equal(count(db, "life"), EVENTS_KEPT_MAX);
  assert.equal(rows.removedUpTo("life"), 300);
  assert.equal(rows.after(0, 1, { kind: "life" })[0]?.seq, LOG_EVENTS_KEPT_MAX + 501);
});

Deno.test("EventRows.prune() removes what is too old, of each kind by its own limit", () => {
  using db = Database.open(":memory:");
  const rows = new EventRows(db);
  for (const event of [EVENT, LOG, EVENT, LOG]) rows.insert(event);
  const startMs = Date.parse(EVENT.timestamp);
  rows.prune(startMs + LOG_EVENTS_AGE_MAX_MS);
  assert.deepEqual([count(db, "life"), count(db, "log")], [2, 2]);
  rows.prune(startMs + LOG_EVENTS_AGE_MAX_MS + 1);
  assert.deepEqual([count(db, "life"), count(db, "log")], [2, 0]);
  rows.prune(startMs + EVENTS_AGE_MAX_MS + 1);
  assert.deepEqual([count(db, "life"), count(db, "log")], [0, 0]);
  assert.deepEqual([rows.removedUpTo("life"), rows.removedUpTo("log")], [3, 4]);
});

Deno.test("EventRows goes by the daemon's time, whatever time a guest writes", () => {
  using db = Database.open(":memory:");
  const rows = new EventRows(db);
  rows.insert(LOG);
  rows.insert({ ...LOG, timestamp: "1970-01-01T00:00:00.000Z" }, LOG.timestamp);
  rows.prune(Date.parse(LOG.timestamp));
  assert.equal(count(db, "log"), 2);
});

Deno.test("EventRows.after() reads one kind, and one VM of it", () => {
  using db = Database.open(":memory:");
  const rows = new EventRows(db);
  for (const event of [EVENT, LOG, { ...LOG, vm_id: "other" }, EVENT]) rows.insert(event);
  const read = (filter: EventFilter) => rows.after(0, 9, filter).map(({ seq }) => seq);
  assert.deepEqual(read({}), [1, 2, 3, 4]);
  assert.deepEqual(read({ kind: "life" }), [1, 4]);
  assert.deepEqual(read({ kind: "log" }), [2, 3]);
  assert.deepEqual(read({ kind: "log", vmId: "other" }), [3]);
});

function count(db: Database, kind: "life" | "log"): number {
  const equal = kind === "log" ? "=" : "<>";
  const sql = `SELECT count(*) AS n FROM events WHERE type ${equal} 'VM_LOG'`;
  return db.get<{ n: number }>(sql)?.n ?? -1;
}
