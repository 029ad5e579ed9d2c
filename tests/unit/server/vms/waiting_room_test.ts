/** Who waits for room, in which order they get it, and how a wait ends. */
import assert from "node:assert/strict";
import { ViperError } from "../../../../protocol/problems.ts";
import { WAITING_MAX, WaitingRoom } from "../../../../server/vms/waiting_room.ts";
import { FakeClock } from "../../../fake_clock.ts";

const NEVER = new AbortController().signal;

/** A host with so much room, and jobs that take of it. */
function roomOf(free: number) {
  const clock = new FakeClock();
  const room = new WaitingRoom(clock);
  const taken: string[] = [];
  let attempts = 0;
  const enter = (name: string, { size = 1, waitMs = 1_000, signal = NEVER } = {}) =>
    room.enter(
      () => {
        attempts++;
        if (size > free) throw new ViperError("capacity_exhausted", `no room for ${name}`);
        free -= size;
        taken.push(name);
        return name;
      },
      waitMs,
      signal,
    );
  const leave = (size = 1) => {
    free += size;
    room.wake();
  };
  return { clock, room, taken, enter, leave, attempts: () => attempts };
}

/** Lets promises settle that have all they need. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await Promise.resolve();
}

Deno.test("WaitingRoom.enter() is at once where there is room", async () => {
  const { enter, clock } = roomOf(1);
  assert.equal(await enter("a"), "a");
  assert.equal(clock.pending, 0);
});

Deno.test("WaitingRoom.enter() refuses at once who does not wait", async () => {
  const { enter, room } = roomOf(0);
  await assert.rejects(enter("a", { waitMs: 0 }), { code: "capacity_exhausted" });
  assert.equal(room.size, 0);
});

Deno.test("WaitingRoom gives room in the order of coming, one a wake", async () => {
  const { enter, leave, taken, clock } = roomOf(0);
  const all = ["a", "b", "c"].map((name) => enter(name));
  leave();
  await settle();
  assert.deepEqual(taken, ["a"]);
  leave(2);
  await Promise.all(all);
  assert.deepEqual(taken, ["a", "b", "c"]);
  assert.equal(clock.pending, 0);
});

Deno.test("WaitingRoom lets no small one overtake a large one that waits", async () => {
  const { enter, leave, taken } = roomOf(0);
  const large = enter("large", { size: 3 });
  const small = enter("small");
  leave();
  leave();
  await settle();
  assert.deepEqual(taken, []);
  leave();
  await large;
  assert.deepEqual(taken, ["large"]);
  leave();
  await small;
});

Deno.test("WaitingRoom lets a newcomer that waits not pass, and one that does not wait", async () => {
  const { enter, leave, taken } = roomOf(1);
  const large = enter("large", { size: 2 });
  const small = enter("small");
  await settle();
  assert.deepEqual(taken, []);
  await enter("hasty", { waitMs: 0 });
  leave(2);
  await Promise.all([large, leave(), small]);
  assert.deepEqual(taken, ["hasty", "large", "small"]);
});

Deno.test("WaitingRoom refuses with the reason when the time is up, and frees the next", async () => {
  const { enter, taken, clock, room } = roomOf(1);
  const large = assert.rejects(enter("large", { size: 2, waitMs: 500 }), {
    code: "capacity_exhausted",
    message: "no room for large",
  });
  const small = enter("small", { waitMs: 5_000 });
  await clock.advance(499);
  assert.equal(room.size, 2);
  await clock.advance(1);
  await large;
  assert.equal(await small, "small");
  assert.deepEqual([room.size, clock.pending, taken.length], [0, 0, 1]);
});

Deno.test("WaitingRoom tries once for one that never came to the front", async () => {
  const { enter, clock } = roomOf(1);
  const large = enter("large", { size: 2, waitMs: 9_000 }).catch(({ code }) => code);
  const small = enter("small", { waitMs: 500 });
  await clock.advance(500);
  assert.equal(await small, "small");
  await clock.advance(9_000);
  assert.equal(await large, "capacity_exhausted");
});

Deno.test("WaitingRoom ends a wait with its client and keeps the order of the others", async () => {
  const { enter, leave, taken, clock, room } = roomOf(0);
  const client = new AbortController();
  const gone = assert.rejects(enter("gone", { signal: client.signal }), /hung up/);
  const next = enter("next");
  client.abort(new Error("hung up"));
  await gone;
  leave();
  assert.equal(await next, "next");
  assert.deepEqual([taken, room.size, clock.pending], [["next"], 0, 0]);
  await assert.rejects(enter("late", { signal: client.signal }), /hung up/);
});

Deno.test("WaitingRoom ends at once what fails for another reason, first or later", async () => {
  const { room, leave, enter } = roomOf(0);
  const fail = () => {
    throw new ViperError("vm_exists", "the name is taken");
  };
  await assert.rejects(room.enter(fail, 1_000, NEVER), { code: "vm_exists" });
  const first = enter("first");
  const second = assert.rejects(room.enter(fail, 1_000, NEVER), { code: "vm_exists" });
  leave();
  await first;
  await second;
  assert.equal(room.size, 0);
});

Deno.test("WaitingRoom refuses more than its bound and asks to come again", async () => {
  const { enter, clock, room, attempts } = roomOf(0);
  const all = Array.from({ length: WAITING_MAX }, (_, at) => enter(`${at}`).catch(() => "late"));
  assert.equal(room.size, WAITING_MAX);
  await assert.rejects(enter("one more"), (error: Error & { code: string }) => {
    assert.equal(error.code, "queue_full");
    assert.ok((error as never as { retryAfterSeconds: number }).retryAfterSeconds > 0);
    return true;
  });
  const before = attempts();
  room.wake();
  assert.equal(attempts(), before + 1, "a wake costs one attempt, however many wait");
  await clock.advance(1_000);
  assert.ok((await Promise.all(all)).every((end) => end === "late"));
  assert.equal(room.size, 0);
});
