import assert from "node:assert/strict";
import { denoClock } from "../../../host/deno_clock.ts";
import { FakeClock } from "../../fake_clock.ts";
import { until } from "../../until.ts";

const HOUR_MS = 3_600_000;

for (const [name, clock] of [["denoClock", denoClock], ["FakeClock", new FakeClock()]] as const) {
  Deno.test(`${name}.sleep() ends at once with its signal's reason, and leaves no timer`, async () => {
    const stop = new AbortController();
    const reason = new Error("awake");
    const sleeping = assert.rejects(clock.sleep(HOUR_MS, stop.signal), reason);
    stop.abort(reason);
    await sleeping;
    await assert.rejects(clock.sleep(HOUR_MS, stop.signal), reason);
  });
}

Deno.test("denoClock.sleep() ends by itself, and its clock does not go back", async () => {
  const before = denoClock.monotonicMs();
  await denoClock.sleep(1, new AbortController().signal);
  assert.ok(denoClock.monotonicMs() > before);
});

Deno.test("denoClock.every() calls until disposed", async () => {
  let calls = 0;
  const ticker = denoClock.every(1, () => calls++);
  await until("three calls", () => calls >= 3);
  ticker[Symbol.dispose]();
  const before = calls;
  await denoClock.sleep(5);
  assert.equal(calls, before);
});

Deno.test("FakeClock wakes sleepers in the order of their times, and tells the time then", async () => {
  const clock = new FakeClock();
  const woken: [string, number][] = [];
  for (const ms of [30, 10, 20]) {
    clock.sleep(ms).then(() => woken.push([`${ms}`, clock.monotonicMs()]));
  }
  const ticker = clock.every(15, () => woken.push(["tick", clock.monotonicMs()]));
  await clock.advance(29);
  assert.deepEqual(woken, [["10", 10], ["tick", 15], ["20", 20]]);
  await clock.advance(1);
  assert.equal(woken.length, 5);
  ticker[Symbol.dispose]();
  assert.equal(clock.pending, 0);
});
