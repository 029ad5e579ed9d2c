/** What the checks of the suite stand on: a member's machines, in folders that are taken away again. */
import assert from "node:assert/strict";
import { denoHost } from "../../host/deno_host.ts";
import type { Host } from "../../host/host.ts";
import { VM_ID_VARIABLE } from "../../server/runtimes/process_ref.ts";
import type {
  Machine,
  MachineEnd,
  MachinePlace,
  MachineSpec,
  Runtime,
} from "../../server/runtimes/runtime.ts";

/** How long any awaited state may take to come, in milliseconds. */
const STATE_TIMEOUT_MS = 60_000;
const POLL_INTERVAL_MS = 20;

/** What a guest of the suite does: tell that it runs, again and again; after three times end so. */
export type GuestDeed = "tick" | "poweroff" | "reset" | "panic";

/** One kind of runtime, and how to make machines of it. */
export interface SuiteMember {
  readonly name: string;
  /** Why the member cannot be tried here, or `null`. */
  readonly skip: string | null;
  /** Whom the machines' processes run as; `null`: the test's own user. */
  readonly uid: number | null;
  /** The causes that the member tells apart, and the deeds of a guest that lead to them. */
  readonly endings: readonly (readonly [GuestDeed, MachineEnd["cause"]])[];
  /** What `probe()` has to say: a guest may run where no kernel would come up. */
  readonly isAvailable: boolean;
  /** Whether a machine has a say of its own, so that one that is stopped from outside is silent. */
  readonly answers: boolean;
  runtime(host: Host): Runtime;
  /** Whatever a machine needs beside the rig's folders, such as a tap; undone by the stack. */
  complete(
    host: Host,
    draft: MachineSpec,
    undo: AsyncDisposableStack,
    deed: GuestDeed,
  ): Promise<MachineSpec>;
  /** The same machine with a file missing that it cannot do without. */
  broken(spec: MachineSpec): MachineSpec;
}

/** A place to make machines in. */
export interface Rig extends AsyncDisposable {
  readonly host: Host;
  readonly runtime: Runtime;
  spec(id: string, deed?: GuestDeed): Promise<MachineSpec>;
  create(spec: MachineSpec): Promise<Machine>;
  /** Waits until the guest has said more than before. */
  hear(spec: MachineSpec): Promise<void>;
  /** What the next daemon does: a runtime of its own finds the machine; deleted with the rig. */
  adopt(place: MachinePlace): Promise<Machine | null>;
}

/** One promise, tried. */
export type Check = (rig: Rig, member: SuiteMember) => Promise<void>;
/** Promises by their names. */
export type Checks = Readonly<Record<string, Check>>;

/** Makes a place to make machines in. */
export async function makeRig(member: SuiteMember): Promise<Rig> {
  const real = denoHost({ log: () => {} });
  const host = { ...real, env: { ...real.env, VIPER_API_KEY: "sesame" } };
  const undo = new AsyncDisposableStack();
  // Closed to everybody else, as the daemon's folders are.
  const folder = await Deno.makeTempDir({ prefix: "viper-suite-" });
  undo.defer(() => Deno.remove(folder, { recursive: true }));
  const runtime = member.runtime(host);
  return {
    host,
    runtime,
    spec: (id, deed = "tick") => makeSpec(member, host, folder, id, undo, deed),
    create: async (spec) => {
      const machine = await runtime.create(spec, new AbortController().signal);
      undo.defer(() => machine.delete());
      return machine;
    },
    hear: async (spec) => {
      const before = (await consoleText(spec)).length;
      await until("the guest speaks", async () => (await consoleText(spec)).length > before);
    },
    adopt: async (place) => {
      const machine = await member.runtime(host).adopt(place, new AbortController().signal);
      if (machine !== null) undo.defer(() => machine.delete());
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
  deed: GuestDeed,
): Promise<MachineSpec> {
  const runDir = `${folder}/${id}`;
  await Deno.mkdir(runDir, { mode: 0o700 });
  const consoleLog = `${folder}/${id}.log`;
  await Deno.writeTextFile(consoleLog, "", { mode: 0o600 });
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
    consoleLog,
    instanceFile,
    uid: member.uid,
    cgroup: null,
  };
  const spec = await member.complete(host, draft, undo, deed);
  if (member.uid !== null) {
    for (const path of [runDir, consoleLog, spec.initramfs]) {
      await Deno.chown(path, member.uid, member.uid);
    }
  }
  return spec;
}

/** Where a machine is, as the daemon that made it has written down. */
export function placeOf(spec: MachineSpec, { ref, accel }: Machine): MachinePlace {
  return { id: spec.id, runDir: spec.runDir, consoleLog: spec.consoleLog, ref, accel };
}

/** Numbers of the living processes that carry the machine's id. */
export function processesOf(id: string): number[] {
  return names("/proc").filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      const environment = Deno.readTextFileSync(`/proc/${pid}/environ`).split("\0");
      return environment.includes(`${VM_ID_VARIABLE}=${id}`);
    } catch {
      return false;
    }
  });
}

/** What the guest has said so far. */
export async function consoleText(spec: MachineSpec): Promise<string> {
  return await Deno.readTextFile(spec.consoleLog).catch(() => "");
}

/** What is in the folder. */
export function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map((entry) => entry.name);
}

/** Waits until the state is there, for a minute at most. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + STATE_TIMEOUT_MS;
  while (!await holds()) {
    assert.ok(performance.now() < deadline, `${what}: not within ${STATE_TIMEOUT_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
  }
}
