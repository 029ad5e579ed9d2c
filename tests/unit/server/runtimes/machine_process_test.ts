/** Processes that nobody can wait for, followed in a /proc that the test owns. */
import assert from "node:assert/strict";
import type { Host } from "../../../../host/host.ts";
import { foundProcess } from "../../../../server/runtimes/machine_process.ts";
import { FakeClock } from "../../../fake_clock.ts";

const REF = { pid: 7, startTicks: 4711 };
const INTERVAL_MS = 500;

interface World {
  readonly host: Host;
  readonly clock: FakeClock;
  readonly signals: string[];
  /** What reading /proc/7/stat does: start ticks, nothing there, or a failure. */
  stat: number | null | Error;
  looks: number;
}

function world(): World {
  const clock = new FakeClock();
  const signals: string[] = [];
  const readText = () => {
    made.looks++;
    if (made.stat instanceof Error) return Promise.reject(made.stat);
    if (made.stat === null) return Promise.reject(Object.assign(new Error(), { code: "ENOENT" }));
    return Promise.resolve(`7 (x) S 1 7 7 0 -1 4 0 0 0 0 1 2 3 4 20 0 1 0 ${made.stat} 9 9\n`);
  };
  const signal = (_label: string, pid: number, name: string) => signals.push(`${name} ${pid}`);
  const host = { clock, signal, files: { readText } } as never;
  const made: World = { host, clock, signals, stat: REF.startTicks, looks: 0 };
  return made;
}

/** Lets promises that are settled be heard. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(() => settled = true);
  await settle();
  return settled;
}

Deno.test("foundProcess() ends when the process is gone or its number is another's", async () => {
  for (const gone of [null, REF.startTicks + 1]) {
    const at = world();
    const process = foundProcess(at.host, REF);
    await settle();
    await at.clock.advance(10 * INTERVAL_MS);
    assert.equal(await isSettled(process.exited), false);
    at.stat = gone;
    await settle();
    await at.clock.advance(2 * INTERVAL_MS);
    assert.equal(await isSettled(process.exited), true);
    assert.equal(await process.exited, null);
    assert.equal(at.clock.pending, 0);
  }
});

Deno.test("foundProcess() looks again when /proc cannot be read for once", async () => {
  const at = world();
  at.stat = new Error("out of file descriptors");
  const process = foundProcess(at.host, REF);
  await settle();
  assert.equal(await isSettled(process.exited), false);
  at.stat = null;
  await at.clock.advance(INTERVAL_MS);
  assert.equal(await isSettled(process.exited), true);
});

Deno.test("foundProcess() does not look before the hang-up", async () => {
  const at = world();
  const { promise, resolve } = Promise.withResolvers<void>();
  const process = foundProcess(at.host, REF, promise);
  at.stat = null;
  await at.clock.advance(10 * INTERVAL_MS);
  assert.equal(at.looks, 0);
  resolve();
  assert.equal(await isSettled(process.exited), true);
});

Deno.test("foundProcess().release() leaves no timer and tells of no end", async () => {
  const at = world();
  const process = foundProcess(at.host, REF);
  await settle();
  assert.equal(at.clock.pending, 1);
  process.release();
  await settle();
  at.stat = null;
  assert.equal(at.clock.pending, 0);
  assert.equal(await isSettled(process.exited), false);
});

Deno.test("foundProcess().kill() signals that very process and no other", async () => {
  const at = world();
  const process = foundProcess(at.host, REF, new Promise(() => {}));
  await process.kill("SIGKILL");
  at.stat = REF.startTicks + 1;
  await process.kill("SIGKILL");
  at.stat = null;
  await process.kill("SIGTERM");
  assert.deepEqual(at.signals, ["SIGKILL 7"]);
});
