/** A machine outlives the daemon that made it and is found by the next one, and no other process is. */
import assert from "node:assert/strict";
import { denoHost } from "../../host/deno_host.ts";
import { findProcess, isAlive, VM_ID_VARIABLE } from "../../server/runtimes/process_ref.ts";
import { faultHost, InjectedFault } from "../faults/fault_host.ts";
import { type Checks, names, placeOf, processesOf } from "./rig.ts";

/** More labelled calls than an adoption makes. */
const CALLS_MAX = 60;
const SIGNAL = new AbortController().signal;

export const ADOPT_CHECKS: Checks = {
  "adopt() takes over what an earlier daemon released, with all its powers": async (rig) => {
    const spec = await rig.spec("heir");
    const first = await rig.create(spec);
    await first.boot();
    await rig.hear(spec);
    await first.release();
    const second = await rig.adopt(placeOf(spec, first));
    assert.ok(second !== null);
    assert.deepEqual(second.ref, first.ref);
    assert.equal(second.accel, first.accel);
    assert.deepEqual(await second.info(), { state: "running" });
    await second.pause();
    assert.deepEqual(await second.info(), { state: "paused" });
    await second.resume();
    await rig.hear(spec);
    await second.delete();
    assert.equal((await second.exited).cause, "requested");
    assert.deepEqual(await second.info(), { state: "shutdown" });
    assert.deepEqual(processesOf("heir"), []);
    assert.deepEqual(names(spec.runDir), []);
  },
  "adopt() finds a paused machine paused": async (rig) => {
    const spec = await rig.spec("asleep");
    const first = await rig.create(spec);
    await first.boot();
    await first.pause();
    await first.release();
    const second = await rig.adopt(placeOf(spec, first));
    assert.deepEqual(await second?.info(), { state: "paused" });
    await second?.resume();
    assert.deepEqual(await second?.info(), { state: "running" });
  },
  "exited of an adopted machine resolves when its process is killed from outside": async (rig) => {
    const spec = await rig.spec("bereft");
    const first = await rig.create(spec);
    await first.boot();
    await first.release();
    const second = await rig.adopt(placeOf(spec, first));
    assert.ok(second !== null);
    Deno.kill(second.ref.pid, "SIGKILL");
    assert.deepEqual(await second.exited, { cause: "process_exit", status: null });
    assert.deepEqual(await second.info(), { state: "shutdown" });
    await second.delete();
    assert.deepEqual(processesOf("bereft"), []);
  },
  "release() lets go without ending, and a released machine can be released again": async (rig) => {
    const spec = await rig.spec("handed");
    const first = await rig.create(spec);
    await first.boot();
    await first.release();
    const second = await rig.runtime.adopt(placeOf(spec, first), SIGNAL);
    await second?.release();
    assert.equal(await isAlive(rig.host, first.ref), true);
    const third = await rig.adopt(placeOf(spec, first));
    assert.deepEqual(await third?.info(), { state: "running" });
  },
  "adopt() is null for a machine that is gone, and for a number that was used again": async (
    rig,
  ) => {
    const spec = await rig.spec("gone");
    const machine = await rig.create(spec);
    await machine.boot();
    const place = placeOf(spec, machine);
    const { ref } = place;
    const reused = { ...place, ref: { ...ref, startTicks: ref.startTicks - 1 } };
    assert.equal(await rig.adopt(reused), null);
    assert.equal(await rig.adopt({ ...place, id: "other" }), null);
    assert.deepEqual(await machine.info(), { state: "running" }, "nobody was harmed");
    await machine.delete();
    assert.equal(await rig.adopt(place), null);
  },
  "adopt() leaves a foreign process alone": async (rig) => {
    const spec = await rig.spec("stranger");
    const host = denoHost({ log: () => {} });
    const env = { [VM_ID_VARIABLE]: "stranger-2" };
    const foreign = await host.spawn("test:spawn", ["sleep", "600"], { env });
    try {
      const ref = await findProcess(host, foreign.pid);
      assert.ok(ref !== null);
      const { id, runDir, consoleLog } = spec;
      assert.equal(await rig.adopt({ id, runDir, consoleLog, ref, accel: "tcg" }), null);
      assert.equal(await isAlive(host, ref), true);
    } finally {
      foreign.kill("SIGKILL");
      await foreign.exited;
    }
  },
  "adopt() is null for a machine that does not answer, which stays as it is": async (
    rig,
    member,
  ) => {
    if (!member.answers) return;
    const spec = await rig.spec("mute");
    const machine = await rig.create(spec);
    await machine.boot();
    await machine.release();
    Deno.kill(machine.ref.pid, "SIGSTOP");
    assert.equal(await rig.adopt(placeOf(spec, machine)), null);
    assert.equal(await isAlive(rig.host, machine.ref), true);
    Deno.kill(machine.ref.pid, "SIGCONT");
    const second = await rig.adopt(placeOf(spec, machine));
    assert.deepEqual(await second?.info(), { state: "running" });
  },
  "adopt() whose Nth host call fails harms nobody, for every N": async (rig, member) => {
    const spec = await rig.spec("unlucky");
    const machine = await rig.create(spec);
    await machine.boot();
    await machine.release();
    const place = placeOf(spec, machine);
    for (let failAt = 1;; failAt++) {
      assert.ok(failAt < CALLS_MAX, "adopt never got through");
      const faulty = faultHost(rig.host, { failAt, persistent: true });
      const adopted = await member.runtime(faulty).adopt(place, SIGNAL)
        .catch((error) => void assert.ok(error instanceof InjectedFault, `${error}`));
      await adopted?.release();
      assert.equal(await isAlive(rig.host, place.ref), true, `after ${faulty.fault.label}`);
      if (faulty.fault.label === null) break;
    }
    const heir = await rig.adopt(place);
    assert.deepEqual(await heir?.info(), { state: "running" });
  },
  "adopt() with an aborted signal rejects with its reason": async (rig) => {
    const spec = await rig.spec("called-off");
    const machine = await rig.create(spec);
    const reason = new Error("too late");
    const adopting = rig.runtime.adopt(placeOf(spec, machine), AbortSignal.abort(reason));
    await assert.rejects(() => adopting, reason);
  },
};
