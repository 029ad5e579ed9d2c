/**
 * A cgroup (version 2) for each VM's process, with the limits that the kernel has a controller for.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html
 *
 * They stand below a folder of the daemon's own: in its delegated part of the tree when systemd put
 * the daemon into a leaf of it (`Delegate=yes` with `DelegateSubgroup=daemon`, systemd 254), else at
 * the top of the tree. Never below the cgroup that the daemon itself is in: a cgroup that hands on
 * controllers may hold no process (the kernel answers EBUSY), so systemd could not start the daemon
 * there again while VMs run.
 *
 * @module
 */
import type { Host } from "../../host/host.ts";
import type { Accel } from "../../protocol/vms.ts";
import { TRANSLATION_CACHE_MB } from "../runtimes/qemu_argv.ts";

/** What is limited, where the kernel can. */
const CONTROLLERS = ["memory", "cpu", "pids"] as const;
/** A controller of cgroup version 2. */
export type Controller = typeof CONTROLLERS[number];

/** Megabytes that a hypervisor may use beside the guest's memory: itself, its queues, page tables. */
export const HYPERVISOR_OVERHEAD_MB = 256;
/** Threads that a hypervisor may have beside one for each of the guest's processors. */
export const HYPERVISOR_THREADS_MAX = 128;
/** Microseconds over which a share of the processors is counted. */
const CPU_PERIOD_US = 100_000;

/** How long the processes of a cgroup may take to go after they were killed, in milliseconds. */
const REMOVE_TIMEOUT_MS = 5_000;
const REMOVE_INTERVAL_MS = 20;

/** The leaf that systemd puts the daemon into, as its unit says. */
const DELEGATED = /^(.*\.service)\/daemon$/;

/** What one VM may use. */
export interface CgroupLimits {
  readonly cpuCores: number;
  readonly memoryMb: number;
  /** An emulating QEMU keeps translated code beside the guest's memory. */
  readonly accel: Accel;
}

/** The VMs' cgroups; disposing it removes the folder unless VMs are in it. */
export interface Cgroups extends AsyncDisposable {
  /** What VMs are limited in; less than memory, cpu and pids where the kernel has no more here. */
  readonly limits: readonly Controller[];
  /** Makes the VM's cgroup, or sets its limits anew; nothing is left when that fails. */
  create(id: string, limits: CgroupLimits): Promise<string>;
  /** Kills what runs in it and removes it; a missing one is not an error. @throws after 5 s */
  remove(id: string): Promise<void>;
  /** Ids of the VMs that have one. */
  owners(): Promise<string[]>;
  /** Whether the kernel ended a process in it for want of memory. */
  wasStarved(id: string): Promise<boolean>;
}

/**
 * Finds the tree and makes the daemon's folder in it.
 *
 * @param name of the folder; whatever is in it belongs to this daemon alone
 * @returns `null` where there is no tree that may be changed, said in the log
 */
export async function openCgroups(host: Host, name: string): Promise<Cgroups | null> {
  const base = await findBase(host);
  if (base === null) {
    host.log("warn", "VMs have no cgroups: there is no cgroup version 2 that can be changed", {});
    return null;
  }
  const root = `${base}/${name}`;
  await using undo = new AsyncDisposableStack();
  try {
    await host.files.makeDir("vm.cgroup:root", root);
  } catch (error) {
    host.log("warn", "VMs have no cgroups", { folder: root, error });
    return null;
  }
  undo.defer(() => removeIfEmpty(host, root));
  const limits = await enableControllers(host, base, root);
  undo.move();
  return {
    limits,
    create: (id, wanted) => create(host, `${root}/${id}`, settings(limits, wanted)),
    remove: (id) => remove(host, `${root}/${id}`),
    // Cgroups have a name without a dot, the kernel's own files one with a dot.
    owners: async () =>
      (await host.files.list("vm.cgroup:list", root)).filter((entry) => !entry.includes(".")),
    wasStarved: (id) => wasStarved(host, `${root}/${id}`),
    [Symbol.asyncDispose]: () => removeIfEmpty(host, root),
  };
}

/** The folder to build in: the daemon's delegated one, or the top of the tree. */
async function findBase(host: Host): Promise<string | null> {
  const mounts = await host.files.readText("vm.cgroup:mounts", "/proc/mounts");
  const mount = mounts.split("\n").map((line) => line.split(" "))
    .find(([_device, _path, type]) => type === "cgroup2");
  if (mount?.[1] === undefined) return null;
  const own = await host.files.readText("vm.cgroup:own", "/proc/self/cgroup");
  const path = /^0::(.*)$/m.exec(own)?.[1] ?? "/";
  return `${mount[1]}${DELEGATED.exec(path)?.[1] ?? ""}`;
}

/** Hands each controller down to the VMs' cgroups, one by one, since some may be missing. */
async function enableControllers(host: Host, base: string, root: string): Promise<Controller[]> {
  const missing = new Map<Controller, unknown>();
  for (const controller of CONTROLLERS) {
    try {
      for (const folder of [base, root]) {
        const path = `${folder}/cgroup.subtree_control`;
        await host.files.write("vm.cgroup:enable", path, `+${controller}`);
      }
    } catch (error) {
      missing.set(controller, error);
    }
  }
  if (missing.size > 0) {
    // On hosts of an older kind the controllers belong to version 1.
    const isAbsent = [...missing.values()].every((error) => codeOf(error) === "ENOENT");
    const reason = isAbsent ? `not among the controllers of ${base}` : [...missing.values()];
    host.log("warn", `VMs are not limited in ${[...missing.keys()].join(", ")}`, { reason });
  }
  return CONTROLLERS.filter((controller) => !missing.has(controller));
}

/** Files of a cgroup and what is written to them, for the controllers there are. */
function settings(
  controllers: readonly Controller[],
  { cpuCores, memoryMb, accel }: CgroupLimits,
): [string, string][] {
  const cacheMb = accel === "tcg" ? TRANSLATION_CACHE_MB : 0;
  const bytes = (memoryMb + HYPERVISOR_OVERHEAD_MB + cacheMb) * 1024 * 1024;
  const files: Record<Controller, [string, string][]> = {
    memory: [
      ["memory.max", `${bytes}`],
      ["memory.swap.max", "0"],
      ["memory.oom.group", "1"],
    ],
    cpu: [["cpu.max", `${cpuCores * CPU_PERIOD_US} ${CPU_PERIOD_US}`]],
    pids: [["pids.max", `${cpuCores + HYPERVISOR_THREADS_MAX}`]],
  };
  return controllers.flatMap((controller) => files[controller]);
}

async function create(
  host: Host,
  folder: string,
  files: readonly [string, string][],
): Promise<string> {
  await using undo = new AsyncDisposableStack();
  await host.files.makeDir("vm.cgroup:make", folder);
  undo.defer(() => remove(host, folder));
  for (const [file, value] of files) {
    // A kernel without swap has no file for it.
    const isAbsent = file === "memory.swap.max" &&
      await host.files.stat("vm.cgroup:swap_look", `${folder}/${file}`) === null;
    if (!isAbsent) await host.files.write("vm.cgroup:limit", `${folder}/${file}`, value);
  }
  undo.move();
  return folder;
}

async function remove(host: Host, folder: string): Promise<void> {
  if (await host.files.stat("vm.cgroup:look_undo", folder) === null) return;
  const deadline = host.clock.monotonicMs() + REMOVE_TIMEOUT_MS;
  await killAll(host, folder);
  while (true) {
    try {
      return await host.files.removeDir("vm.cgroup:remove_undo", folder);
    } catch (error) {
      // What was killed takes a moment to go.
      if (codeOf(error) !== "EBUSY") throw error;
      if (host.clock.monotonicMs() > deadline) throw error;
    }
    await host.clock.sleep(REMOVE_INTERVAL_MS);
  }
}

/** Kernels before 5.14 have no such file; processes are then for whoever started them to end. */
async function killAll(host: Host, folder: string): Promise<void> {
  const file = `${folder}/cgroup.kill`;
  if (await host.files.stat("vm.cgroup:kill_look_undo", file) === null) return;
  await host.files.write("vm.cgroup:kill_undo", file, "1");
}

/** Without the controller there is no such file. */
async function wasStarved(host: Host, folder: string): Promise<boolean> {
  const file = `${folder}/memory.events`;
  if (await host.files.stat("vm.cgroup:events_look", file) === null) return false;
  return /^oom_kill [1-9]/m.test(await host.files.readText("vm.cgroup:events", file));
}

async function removeIfEmpty(host: Host, root: string): Promise<void> {
  await host.files.removeDir("vm.cgroup:root_remove_undo", root).catch((error) => {
    if (codeOf(error) !== "EBUSY") throw error;
  });
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}
