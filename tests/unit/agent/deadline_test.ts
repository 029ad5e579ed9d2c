/** Goal: an action ends in time and says what it waited for. Method: a clock that stands still. */
import assert from "node:assert/strict";
import { Deadline } from "../../../agent/deadline.ts";
import { FakeClock } from "./fake_clock.ts";

const never = new Promise<never>(() => {});

Deno.test("Deadline.race() gives the work's result", async () => {
  using deadline = new Deadline(new FakeClock(), "wait", 100);

  assert.equal(await deadline.race("a value", Promise.resolve(7)), 7);
});

Deno.test("Deadline.race() rejects with what was waited for, when the time is over", async () => {
  const clock = new FakeClock();
  using deadline = new Deadline(clock, 'click "#a"', 100);
  await deadline.race("the first", Promise.resolve());
  const second = assert.rejects(deadline.race("the second", never), {
    code: "timeout",
    message: 'Cannot click "#a" within 100 ms: still waiting for the second',
  });

  await clock.pass(99);
  assert.equal(deadline.signal.aborted, false);
  assert.equal(deadline.remainingMs(), 1);
  await clock.pass(1);

  await second;
  await assert.rejects(deadline.race("a third", Promise.resolve()), { code: "timeout" });
});

Deno.test("Deadline.follow() ends with the reason of the signal that is aborted first", async () => {
  const [first, second] = [new AbortController(), new AbortController()];
  using deadline = new Deadline(new FakeClock(), "wait", 100, [first.signal]);
  deadline.follow(second.signal);
  const ended = assert.rejects(deadline.race("a value", never), /second/);

  second.abort(new Error("second"));
  first.abort(new Error("first"));

  await ended;
});

Deno.test("Deadline.follow() ends at once by a signal that was aborted before", async () => {
  using deadline = new Deadline(new FakeClock(), "wait", 100, [AbortSignal.abort("gone")]);

  assert.equal(deadline.signal.reason, "gone");
  await assert.rejects(deadline.race("a value", Promise.resolve()), (error) => error === "gone");
});

Deno.test("Deadline[Symbol.dispose]() leaves no timer behind", async () => {
  const clock = new FakeClock();
  {
    using _deadline = new Deadline(clock, "wait", 100);
    assert.equal(clock.sleeping, 1);
  }
  assert.equal(clock.sleeping, 0);
  await clock.pass(200);
});
