/** How a machine begins and ends, and that a failure on the way leaves nothing. */
import assert from "node:assert/strict";
import { ViperError } from "../../protocol/problems.ts";
import { findProcess, isAlive } from "../../server/runtimes/process_ref.ts";
import { faultHost } from "../faults/fault_host.ts";
import { watchedHost } from "../faults/recording_host.ts";
import { type Checks, consoleText, names, processesOf } from "./rig.ts";

/** More labelled calls than a create makes. */
const CALLS_MAX = 60;

export const LIFE_CHECKS: Checks = {
  "probe() finds the runtime": async ({ runtime }, { isAvailable }) => {
    const availability = await runtime.probe();
    assert.equal(availability.available, isAvailable);
    if (!availability.available) assert.match(availability.reason, /vmx/);
  },
  "create() runs nothing of the guest, boot() does": async (rig) => {
    const spec = await rig.spec("first");
    const machine = await rig.create(spec);
    assert.equal(await consoleText(spec), "");
    assert.deepEqual(await machine.info(), { state: "created" });
    assert.equal(await consoleText(spec), "");
    await machine.boot();
    await rig.hear(spec);
    assert.deepEqual(await machine.info(), { state: "running" });
  },
  "the console's log can be emptied under the machine, and no hole is left": async (rig) => {
    const spec = await rig.spec("tidied");
    const machine = await rig.create(spec);
    await machine.boot();
    await rig.hear(spec);
    await Deno.truncate(spec.consoleLog);
    await rig.hear(spec);
    const text = await consoleText(spec);
    assert.ok(!text.includes("\0"), JSON.stringify(text.slice(0, 100)));
  },
  "exited resolves once; shutdown() and delete() may be repeated": async (rig) => {
    const machine = await rig.create(await rig.spec("ends"));
    let exits = 0;
    machine.exited.then(() => exits++);
    await machine.boot();
    await Promise.all([machine.shutdown(), machine.shutdown()]);
    await machine.exited;
    await machine.shutdown();
    await Promise.all([machine.delete(), machine.delete()]);
    await machine.delete();
    assert.equal(exits, 1);
    assert.deepEqual(await machine.info(), { state: "shutdown" });
  },
  "delete() ends a machine that never booted": async (rig) => {
    const machine = await rig.create(await rig.spec("unborn"));
    await machine.delete();
    await machine.exited;
    assert.deepEqual(processesOf("unborn"), []);
    await assert.rejects(() => machine.boot(), { name: "ViperError", code: "vm_start_failed" });
  },
  "exited resolves when the process is killed from outside": async (rig) => {
    const machine = await rig.create(await rig.spec("killed"));
    await machine.boot();
    Deno.kill(machine.ref.pid, "SIGKILL");
    const { cause, status } = await machine.exited;
    assert.equal(cause, "process_exit");
    assert.equal(status?.signal, "SIGKILL");
    assert.deepEqual(await machine.info(), { state: "shutdown" });
    await machine.powerButton();
    await machine.delete();
    assert.deepEqual(processesOf("killed"), []);
  },
  "create() with an aborted signal starts nothing": async (rig) => {
    const spec = await rig.spec("aborted");
    const reason = new Error("too late");
    await assert.rejects(() => rig.runtime.create(spec, AbortSignal.abort(reason)), reason);
    assert.deepEqual(processesOf("aborted"), []);
  },
  "create() that is aborted on its way leaves no process": async (rig, member) => {
    const spec = await rig.spec("aborting");
    const abort = new AbortController();
    let calls = 0;
    const host = watchedHost(rig.host, ({ label }) => {
      if (label.endsWith(":spawn") || calls > 0) calls++;
      if (calls === 2) abort.abort(new Error("changed my mind"));
    });
    const creating = member.runtime(host).create(spec, abort.signal);
    await assert.rejects(creating, /changed my mind/);
    assert.deepEqual(processesOf("aborting"), []);
    assert.deepEqual(names(spec.runDir), []);
  },
  "create() without a file it needs is a typed error and leaves no process": async (
    rig,
    member,
  ) => {
    const spec = member.broken(await rig.spec("broken"));
    await assert.rejects(() => rig.create(spec), (error) => {
      assert.ok(error instanceof ViperError);
      assert.equal(error.code, "vm_start_failed");
      assert.match(error.message, /"broken".*(missing|No such file)/s);
      return true;
    });
    assert.deepEqual(processesOf("broken"), []);
    assert.deepEqual(names(spec.runDir), []);
  },
  "two machines run at once and end apart": async (rig) => {
    const one = await rig.create(await rig.spec("one"));
    const two = await rig.create(await rig.spec("two"));
    await Promise.all([one.boot(), two.boot()]);
    await one.delete();
    assert.deepEqual(await two.info(), { state: "running" });
    assert.deepEqual(processesOf("one"), []);
    assert.notDeepEqual(processesOf("two"), []);
  },
  "ref names the process and no other": async ({ host, ...rig }) => {
    const machine = await rig.create(await rig.spec("named"));
    const { ref } = machine;
    assert.deepEqual(await findProcess(host, ref.pid), ref);
    assert.deepEqual(JSON.parse(JSON.stringify(ref)), ref);
    assert.equal(await isAlive(host, ref), true);
    assert.equal(await isAlive(host, { ...ref, startTicks: ref.startTicks + 1 }), false);
    await machine.shutdown();
    assert.equal(await isAlive(host, ref), false);
  },
  "delete() leaves nothing in the machine's folder": async (rig) => {
    const spec = await rig.spec("tidy");
    const machine = await rig.create(spec);
    await machine.boot();
    await machine.delete();
    assert.deepEqual(names(spec.runDir), []);
  },
  "powerButton() returns, whatever the guest does": async (rig) => {
    const machine = await rig.create(await rig.spec("pressed"));
    await machine.boot();
    await machine.powerButton();
    await machine.shutdown();
    await machine.powerButton();
  },
  "the daemon's keys reach neither environment nor command line": async (rig) => {
    const machine = await rig.create(await rig.spec("private"));
    for (const file of ["environ", "cmdline"]) {
      const text = await Deno.readTextFile(`/proc/${machine.ref.pid}/${file}`);
      assert.doesNotMatch(text, /sesame/);
    }
  },
  "create() whose Nth host call fails leaves no process, for every N": async (rig, member) => {
    const spec = await rig.spec("faulty");
    for (let failAt = 1;; failAt++) {
      assert.ok(failAt < CALLS_MAX, "create never got through");
      const host = faultHost(rig.host, { failAt, persistent: true });
      const signal = new AbortController().signal;
      const machine = await member.runtime(host).create(spec, signal).catch((error) => {
        assert.ok(error instanceof ViperError, `call ${failAt} threw ${error}`);
        return null;
      });
      await machine?.delete();
      assert.deepEqual(processesOf("faulty"), [], `after a fault in ${host.fault.label}`);
      if (host.fault.label === null) return;
    }
  },
};
