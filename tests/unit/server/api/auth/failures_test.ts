import assert from "node:assert/strict";
import { Failures } from "../../../../../server/api/auth/failures.ts";
import { FakeClock } from "../../../../fake_clock.ts";

Deno.test("Failures forgets the oldest of too many, and keeps the others", () => {
  const failures = new Failures(new FakeClock());
  for (let at = 0; at < 10; at++) failures.count(["first"]);
  for (let at = 0; at < 10; at++) failures.count(["second"]);
  for (let at = 0; at < 4_094; at++) failures.count([`other ${at}`]);
  assert.equal(failures.blockedSeconds(["second"]), 60);
  assert.equal(failures.blockedSeconds(["first"]), 60);
  failures.count(["one more"]);
  assert.equal(failures.blockedSeconds(["first"]), null);
  assert.equal(failures.blockedSeconds(["second"]), 60);
});

Deno.test("Failures begins a new count when a window is over", async () => {
  const clock = new FakeClock();
  const failures = new Failures(clock);
  for (let at = 0; at < 9; at++) failures.count(["a"]);
  await clock.advance(60_000);
  failures.count(["a"]);
  assert.equal(failures.blockedSeconds(["a"]), null);
  for (let at = 0; at < 9; at++) failures.count(["a"]);
  assert.equal(failures.blockedSeconds(["a", "b"]), 60);
});
