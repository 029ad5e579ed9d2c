import assert from "node:assert/strict";
import { Database } from "../../../../server/store/database.ts";
import { EventRows, EVENTS_KEPT_MAX } from "../../../../server/store/event_rows.ts";

const EVENT = {
  type: "VM_CREATED",
  name: "one",
  vm_id: "id",
  status: "pending",
  timestamp: "2024-01-01T00:00:00.000Z",
} as const;

Deno.test("EventRows.insert() numbers from 1 and after() pages in order", () => {
  using db = Database.open(":memory:");
  const rows = new EventRows(db);
  assert.deepEqual([rows.newest(), rows.oldest()], [0, null]);
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

Deno.test("EventRows keeps the newest events up to its limit", () => {
  using db = Database.open(":memory:");
  const rows = new EventRows(db);
  db.withTx(() => {
    for (let made = 0; made < EVENTS_KEPT_MAX + 200; made++) rows.insert(EVENT);
  });
  assert.equal(rows.oldest(), 201);
  assert.equal(rows.newest(), EVENTS_KEPT_MAX + 200);
  assert.equal(db.get<{ n: number }>("SELECT count(*) AS n FROM events")?.n, EVENTS_KEPT_MAX);
});
