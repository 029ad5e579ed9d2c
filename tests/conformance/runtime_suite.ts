/**
 * What every runtime promises, tried on real processes. A member says how to make a machine of its
 * kind; the suite is the same for all. Waits are on a state, with a bound.
 */
import assert from "node:assert/strict";
import { denoHost } from "../../host/deno_host.ts";
import type { Host } from "../../host/host.ts";
import { ViperError } from "../../protocol/problems.ts";
import { findProcess, isAlive, VM_ID_VARIABLE } from "../../server/runtimes/process_ref.ts";
import type { Machine, MachineSpec, Runtime } from "../../server/runtimes/runtime.ts";
import { faultHost } from "../faults/fault_host.ts";
import { watchedHost } from "../faults/recording_host.ts";

/** How long any awaited state may take to come, in milliseconds. */
const STATE_TIMEOUT_MS = 60_000;
const POLL_INTERVAL_MS = 20;
/** More labelled calls than a create makes. */
const CALLS_MAX = 60;

/** One kind of runtime, and how to make machines of it. */
export interface SuiteMember {
  readonly name: string;
  /** Why the member cannot be tried here, or `null`. */
  readonly skip: string | null;
  /** `false` where machines can be made and driven and the processor still runs no guest. */
  readonly guestRuns?: boolean;
  runtime(host: Host): Runtime;
  /** Whatever a machine needs beside the rig's folders, such as a tap; undone by the stack. */
  complete(host: Host, draft: MachineSpec, undo: AsyncDisposableStack): Promise<MachineSpec>;
  /** The same machine with a file missing that it cannot do without. */
  broken(spec: MachineSpec): MachineSpec;
}

interface Rig extends AsyncDisposable {
  readonly host: Host;
  readonly runtime: Runtime;
  spec(id: string): Promise<MachineSpec>;
  create(spec: MachineSpec): Promise<Machine>;
}

type Check = (rig: Rig, member: SuiteMember) => Promise<void>;

const CHECKS: Record<string, Check> = {
  "probe() finds the runtime": async ({ runtime }, { guestRuns = true }) => {
    const availability = await runtime.probe();
    assert.equal(availability.available, guestRuns);
    if (!availability.available) assert.match(availability.reason, /vmx/);
  },
  "create() runs nothing of the guest, boot() does": async (rig, { guestRuns = true }) => {
    const spec = await rig.spec("first");
    const machine = await rig.create(spec);
    assert.equal(await consoleText(spec), "");
    assert.deepEqual(await machine.info(), { state: "created" });
    assert.equal(await consoleText(spec), "");
    await machine.boot();
    if (guestRuns) await until("the console has text", async () => await consoleText(spec) !== "");
    assert.deepEqual(await machine.info(), { state: "running" });
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

/** Registers one test a promise for the member. */
export function runtimeSuite(member: SuiteMember): void {
  if (member.skip !== null) console.log(`runtime ${member.name} is skipped: ${member.skip}`);
  for (const [name, check] of Object.entries(CHECKS)) {
    Deno.test({
      name: `runtime ${member.name}: ${name}`,
      ignore: member.skip !== null,
      fn: async () => {
        await using rig = await makeRig(member);
        await check(rig, member);
      },
    });
  }
}

async function makeRig(member: SuiteMember): Promise<Rig> {
  const real = denoHost({ log: () => {} });
  const host = { ...real, env: { ...real.env, VIPER_API_KEY: "sesame" } };
  const undo = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "viper-suite-" });
  undo.defer(() => Deno.remove(folder, { recursive: true }));
  const runtime = member.runtime(host);
  return {
    host,
    runtime,
    spec: (id) => makeSpec(member, host, folder, id, undo),
    create: async (spec) => {
      const machine = await runtime.create(spec, new AbortController().signal);
      undo.defer(() => machine.delete());
      return machine;
    },
    [Symbol.asyncDispose]: () => undo.disposeAsync(),
  };
}

async function makeSpec(
  member: SuiteMember,
  host: Host,
  folder: string,
  id: string,
  undo: AsyncDisposableStack,
): Promise<MachineSpec> {
  const runDir = `${folder}/${id}`;
  await Deno.mkdir(runDir);
  const instanceFile = `${folder}/${id}.json`;
  await Deno.writeTextFile(instanceFile, "{}");
  const draft: MachineSpec = {
    id,
    cpuCores: 1,
    memoryMb: 256,
    layout: "initramfs",
    kernel: "",
    initramfs: "",
    rootfs: null,
    cmdline: "",
    tap: "",
    mac: "02:00:00:00:00:01",
    runDir,
    consoleLog: `${folder}/${id}.log`,
    instanceFile,
    uid: null,
    cgroup: null,
  };
  return await member.complete(host, draft, undo);
}

/** Numbers of the living processes that carry the machine's id. */
function processesOf(id: string): number[] {
  return names("/proc").filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      const environment = Deno.readTextFileSync(`/proc/${pid}/environ`).split("\0");
      return environment.includes(`${VM_ID_VARIABLE}=${id}`);
    } catch {
      return false;
    }
  });
}

async function consoleText(spec: MachineSpec): Promise<string> {
  return await Deno.readTextFile(spec.consoleLog).catch(() => "");
}

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map((entry) => entry.name);
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + STATE_TIMEOUT_MS;
  while (!await holds()) {
    assert.ok(performance.now() < deadline, `${what}: not within ${STATE_TIMEOUT_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
  }
}
