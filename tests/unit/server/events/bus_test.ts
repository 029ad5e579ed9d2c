/** The bus over a real database: what subscribers see, whenever they come and however slow. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { EventGap, VmEvent } from "../../../../protocol/events.ts";
import { EventBus } from "../../../../server/events/bus.ts";
import { LOG_EVENTS_KEPT_MAX } from "../../../../server/store/event_rows.ts";
import { Database } from "../../../../server/store/database.ts";
import { until } from "../../../until.ts";

const DRAFT = { type: "VM_CREATED", name: "one", vm_id: "id", status: "pending" } as const;
const now = () => new Date(0);

/** The number of an event; a gap as text. */
const seen = (event: VmEvent | EventGap) =>
  event.type === "gap" ? `${event.from}-${event.to}` : event.seq;

async function take(
  events: AsyncGenerator<VmEvent | EventGap>,
  count: number,
): Promise<(number | string)[]> {
  const taken: (number | string)[] = [];
  while (taken.length < count) {
    const { value, done } = await events.next();
    if (done) return taken;
    taken.push(seen(value));
  }
  return taken;
}

const range = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at);

Deno.test("EventBus.follow() resumes after any number without gap or repeat", async () => {
  const counts = fc.record({ before: fc.nat(600), after: fc.nat(600), later: fc.nat(20) });
  await fc.assert(
    fc.asyncProperty(counts, async ({ before, after, later }) => {
      using db = Database.open(":memory:");
      const bus = new EventBus(db, now);
      db.withTx(() => range(1, before).forEach(() => bus.publish(DRAFT)));
      const stop = new AbortController();
      // A number from the future belongs to another state file: everything is replayed.
      const from = after > before ? 0 : after;
      const reading = take(bus.follow({ after, signal: stop.signal }), before - from + later);
      for (let made = 0; made < later; made++) {
        bus.publish(DRAFT);
        await Promise.resolve();
      }
      assert.deepEqual(await reading, range(from + 1, before + later));
      stop.abort();
    }),
    { numRuns: 30 },
  );
});

Deno.test("EventBus.follow() without a number tells only what happens from then on", async () => {
  using db = Database.open(":memory:");
  const bus = new EventBus(db, now);
  bus.publish(DRAFT);
  const stop = new AbortController();
  const events = bus.follow({ signal: stop.signal });
  const next = events.next();
  bus.publish(DRAFT);
  assert.equal((await next).value?.type === "gap", false);
  assert.equal(seen((await bus.follow({ after: 1, signal: stop.signal }).next()).value!), 2);
  stop.abort();
});

for (const turns of range(0, 8)) {
  Deno.test(`EventBus.follow() wakes for an event ${turns} turns after it looked`, async () => {
    using db = Database.open(":memory:");
    const bus = new EventBus(db, now);
    const stop = new AbortController();
    let got: number | string | null = null;
    const reading = take(bus.follow({ signal: stop.signal }), 1).then(([first = 0]) => got = first);
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    bus.publish(DRAFT);
    await until("the event", () => got === 1);
    stop.abort();
    await reading;
  });

  Deno.test(`EventBus.follow() ends when aborted ${turns} turns after it looked`, async () => {
    using db = Database.open(":memory:");
    const bus = new EventBus(db, now);
    const stop = new AbortController();
    let ended = false;
    bus.follow({ signal: stop.signal }).next().then(({ done }) => ended = done === true);
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    stop.abort();
    await until("the end", () => ended);
    assert.equal(bus.idleSubscribers, 0);
  });
}

Deno.test("EventBus.follow() tells what retention removed as one gap and goes on", async () => {
  using db = Database.open(":memory:");
  const bus = new EventBus(db, now);
  range(1, 20).forEach(() => bus.publish(DRAFT));
  db.run("DELETE FROM events WHERE seq <= 15");
  const stop = new AbortController();
  const events = bus.follow({ after: 3, signal: stop.signal });
  assert.deepEqual(await take(events, 6), ["4-15", 16, 17, 18, 19, 20]);
  db.run("DELETE FROM events");
  bus.publish(DRAFT);
  bus.publish(DRAFT);
  db.run("DELETE FROM events WHERE seq = 21");
  assert.deepEqual(await take(events, 2), ["21-21", 22]);
  db.run("DELETE FROM events");
  const late = bus.follow({ after: 10, signal: stop.signal });
  assert.deepEqual(await take(late, 1), ["11-22"]);
  const next = late.next();
  bus.publish(DRAFT);
  assert.equal(seen((await next).value!), 23);
  stop.abort();
});

Deno.test("EventBus.follow() tells every hole in the numbers where it is", async () => {
  using db = Database.open(":memory:");
  const bus = new EventBus(db, now);
  range(1, 9).forEach(() => bus.publish(DRAFT));
  db.run("DELETE FROM events WHERE seq IN (1, 4, 5, 8)");
  const stop = new AbortController();
  const told = await take(bus.follow({ after: 0, signal: stop.signal }), 8);
  assert.deepEqual(told, ["1-1", 2, 3, "4-5", 6, 7, "8-8", 9]);
  stop.abort();
});

Deno.test("EventBus.follow() of one kind tells only what of it was removed", async () => {
  using db = Database.open(":memory:");
  const bus = new EventBus(db, now);
  const stop = new AbortController();
  const log = { ...DRAFT, stream: "agent", line: "words", timestamp: now().toISOString() } as const;
  bus.publish(DRAFT);
  bus.publishLogs(Array(LOG_EVENTS_KEPT_MAX + 200).fill(log));
  bus.publish(DRAFT);
  const lives = bus.follow({ kind: "life", after: 0, signal: stop.signal });
  const newest = LOG_EVENTS_KEPT_MAX + 202;
  assert.deepEqual(await take(lives, 2), [1, newest]);
  const logs = bus.follow({ kind: "log", vmId: "id", after: 0, signal: stop.signal });
  assert.deepEqual(await take(logs, 2), ["1-200", 201]);
  stop.abort();
});

Deno.test("EventBus.follow() of lives sleeps through lines of logs", async () => {
  using db = Database.open(":memory:");
  const bus = new EventBus(db, now);
  const stop = new AbortController();
  const reading = take(bus.follow({ kind: "life", signal: stop.signal }), 1);
  await until("the reader to wait", () => bus.idleSubscribers === 1);
  bus.publishLogs([{ ...DRAFT, timestamp: now().toISOString() }]);
  assert.equal(bus.idleSubscribers, 1);
  bus.publish(DRAFT);
  assert.deepEqual(await reading, [2]);
  stop.abort();
});

Deno.test("EventBus.follow() gives a slow subscriber everything that is kept", async () => {
  using db = Database.open(":memory:");
  const bus = new EventBus(db, now);
  const stop = new AbortController();
  const events = bus.follow({ after: 0, signal: stop.signal });
  bus.publish(DRAFT);
  assert.deepEqual(await take(events, 1), [1]);
  db.withTx(() => range(2, 1_000).forEach(() => bus.publish(DRAFT)));
  assert.deepEqual(await take(events, 999), range(2, 1_000));
  stop.abort();
  assert.equal((await events.next()).done, true);
});

Deno.test("EventBus.publish() stores event and change together or not at all", () => {
  using db = Database.open(":memory:");
  const bus = new EventBus(db, now);
  const fail = () => {
    db.run("INSERT INTO plugins (name, version, installed_at) VALUES ('a', '1', 'now')");
    throw new Error("on purpose");
  };
  assert.throws(() => bus.publish(DRAFT, fail), /on purpose/);
  assert.deepEqual(db.all("SELECT * FROM plugins"), []);
  assert.deepEqual(db.all("SELECT * FROM events"), []);
  assert.equal(bus.publish(DRAFT).timestamp, "1970-01-01T00:00:00.000Z");
});
