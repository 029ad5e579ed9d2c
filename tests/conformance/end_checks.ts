/** What stops and goes on, what ends and why, and what hangs. */
import assert from "node:assert/strict";
import { denoHost } from "../../host/deno_host.ts";
import { processStat } from "../../server/runtimes/process_ref.ts";
import { type Checks, consoleText, processesOf, until } from "./rig.ts";

/** Several times the pause between two words of the guest, in milliseconds. */
const SILENCE_MS = 700;
/** The longest that a machine may keep its caller waiting for a word of it, in milliseconds. */
const INFO_BOUND_MS = 10_000;
/** The longest that the end of a machine that hangs may take, in milliseconds. */
const DELETE_BOUND_MS = 15_000;

const host = denoHost({ log: () => {} });

export const END_CHECKS: Checks = {
  "pause() stops the guest, resume() lets it go on": async (rig) => {
    const spec = await rig.spec("dozing");
    const machine = await rig.create(spec);
    await machine.boot();
    await rig.hear(spec);
    await machine.pause();
    assert.deepEqual(await machine.info(), { state: "paused" });
    // What was on its way when the guest stopped.
    await host.clock.sleep(SILENCE_MS);
    const said = await consoleText(spec);
    await host.clock.sleep(SILENCE_MS);
    assert.equal(await consoleText(spec), said);
    await machine.resume();
    assert.deepEqual(await machine.info(), { state: "running" });
    await rig.hear(spec);
  },
  "pause() and resume() of a machine that is gone are refused": async (rig) => {
    const machine = await rig.create(await rig.spec("late"));
    await machine.boot();
    await machine.shutdown();
    await assert.rejects(() => machine.pause(), { name: "ViperError", code: "vm_busy" });
    await assert.rejects(() => machine.resume(), { name: "ViperError", code: "vm_busy" });
  },
  "a paused machine can be deleted": async (rig) => {
    const machine = await rig.create(await rig.spec("cut-short"));
    await machine.boot();
    await machine.pause();
    await machine.delete();
    assert.equal((await machine.exited).cause, "requested");
    assert.deepEqual(processesOf("cut-short"), []);
  },
  "exited tells what the guest did": async (rig, { endings }) => {
    for (const [deed, cause] of endings) {
      const spec = await rig.spec(deed, deed);
      const machine = await rig.create(spec);
      await machine.boot();
      const end = await machine.exited;
      assert.equal(end.cause, cause, `${deed}: ${await consoleText(spec)}`);
      assert.deepEqual(processesOf(deed), []);
      await machine.delete();
    }
  },
  "exited tells of a request when nobody else ended the machine": async (rig) => {
    const machine = await rig.create(await rig.spec("obedient"));
    await machine.boot();
    await machine.shutdown();
    assert.equal((await machine.exited).cause, "requested");
  },
  "info() rejects in time for a machine that hangs, and delete() still ends it": async (rig) => {
    const spec = await rig.spec("hung");
    const machine = await rig.create(spec);
    await machine.boot();
    await rig.hear(spec);
    Deno.kill(machine.ref.pid, "SIGSTOP");
    const isStopped = async () =>
      (await processStat(host, "test:stat", machine.ref.pid))?.state === "T";
    await until("the process is stopped", isStopped);
    await within(INFO_BOUND_MS, () => assert.rejects(() => machine.info()));
    await within(DELETE_BOUND_MS, () => machine.delete());
    assert.deepEqual(processesOf("hung"), []);
  },
};

async function within(ms: number, body: () => Promise<unknown>): Promise<void> {
  const startedMs = performance.now();
  await body();
  const tookMs = performance.now() - startedMs;
  assert.ok(tookMs < ms, `took ${tookMs} ms`);
}
