/**
 * The leak check: whatever of Viper's can stay behind on a host is told one thing a line, so that
 * two moments can be compared and a leak has a name.
 */
import { DatabaseSync } from "node:sqlite";
import { daemonName } from "../server/state.ts";
import { networkState } from "./faults/network_state.ts";
import { linesOf, openFilesOf } from "./open_files.ts";
import { privateNetworkMissing } from "./private_network.ts";

/** What was killed takes a moment to go, such as a process that nobody waits for. */
const SETTLE_MS = 10_000;
const SETTLE_INTERVAL_MS = 50;

/** Only in a namespace of the test's own is the network the test's alone. Known before it has any. */
const hasOwnNetwork = privateNetworkMissing() === null;

/** A daemon whose rows and open files count, too. */
export interface WatchedDaemon {
  readonly pid: number;
  readonly url: string;
  readonly stateDir: string;
}

/** A place whose every trace is looked for at the end. */
export interface Ground {
  /** A new, empty folder for a daemon's state; its runtime folder is `run` in it. */
  newFolder(): string;
  /** What stands now, one thing a line; of the daemon, too, when there is one. */
  traces(daemon?: WatchedDaemon): Promise<string[]>;
}

/**
 * Gives the test a folder that takes all its temporary files, and fails when something stands
 * afterwards that did not before, or the other way round.
 */
export async function leavingNothing(body: (ground: Ground) => Promise<void>): Promise<void> {
  // Short, since sockets are below it, and not in TMPDIR, which an outer one may have set.
  const folder = await Deno.makeTempDir({ dir: "/tmp", prefix: "vpr-" });
  const tempBefore = Deno.env.get("TMPDIR");
  Deno.env.set("TMPDIR", folder);
  try {
    await leavingNothingBelow(folder, body);
  } finally {
    if (tempBefore === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", tempBefore);
    await Deno.remove(folder, { recursive: true });
  }
}

/** The check alone: temporary files stay where they are, and with them those of other tests. */
export async function leavingNothingBelow(
  folder: string,
  body: (ground: Ground) => Promise<void>,
  settleMs = SETTLE_MS,
): Promise<void> {
  let count = 0;
  const made: string[] = [];
  const ground: Ground = {
    newFolder: () => {
      const path = `${folder}/${++count}`;
      Deno.mkdirSync(path);
      made.push(path);
      return path;
    },
    traces: (daemon) => tracesBelow(folder, made, daemon),
  };
  const before = await ground.traces();
  await body(ground);
  for (const path of made) await Deno.remove(path, { recursive: true }).catch(ignoreNotFound);
  await assertUnchanged(before, () => ground.traces(), settleMs);
}

/** Waits until what stands is what stood before. @throws {Error} that names what does not fit */
export async function assertUnchanged(
  before: readonly string[],
  now: () => Promise<string[]>,
  settleMs = SETTLE_MS,
): Promise<void> {
  const deadline = performance.now() + settleMs;
  while (true) {
    const changes = difference(before, await now());
    if (changes.length === 0) return;
    if (performance.now() > deadline) throw new Error(`Not as before:\n${changes.join("\n")}`);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_INTERVAL_MS));
  }
}

/** `+` what there is more of, `-` what there is less of; the same line may come several times. */
export function difference(before: readonly string[], after: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const line of before) counts.set(line, (counts.get(line) ?? 0) - 1);
  for (const line of after) counts.set(line, (counts.get(line) ?? 0) + 1);
  return [...counts].filter(([, count]) => count !== 0)
    .map(([line, count]) => `${count > 0 ? "+" : "-"} ${line}`).sort();
}

async function tracesBelow(
  folder: string,
  stateFolders: readonly string[],
  daemon?: WatchedDaemon,
): Promise<string[]> {
  const network = hasOwnNetwork ? (await networkState()).split("\n") : [];
  return [
    ...network.map((line) => `network: ${line}`),
    ...processes(folder),
    ...stateFolders.flatMap((path) => cgroups(daemonName(`${path}/run`))),
    ...linesOf("/proc/net/unix").filter((line) => line.includes(folder))
      .map((line) => `unix socket: ${line.slice(line.indexOf(folder))}`),
    ...mounts(),
    ...filesBelow(folder).map((path) => `file: ${path}`),
    ...(daemon === undefined ? [] : [
      ...rowsIn(`${daemon.stateDir}/state.db`),
      ...openFilesOf(daemon.pid, Number(new URL(daemon.url).port)),
    ]),
  ];
}

/** What a VM's processes are called, on the host or, with runtime local, inside. */
const PROGRAM = /^(qemu-|cloud-hyper|headless|chrom|viper)/;

/** Processes that are a VM's by their environment, by their program or by where they work. */
function processes(folder: string): string[] {
  const lines: string[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name) || Number(name) === Deno.pid) continue;
    try {
      const program = Deno.readTextFileSync(`/proc/${name}/comm`).trim();
      const marks = Deno.readTextFileSync(`/proc/${name}/environ`).split("\0");
      const mark = marks.find((variable) => variable.startsWith("VIPER_VM_ID="));
      const isBelow = Deno.readLinkSync(`/proc/${name}/cwd`).startsWith(folder);
      if (mark === undefined && !isBelow && !(isAlone() && PROGRAM.test(program))) continue;
      lines.push(`process: ${name} ${program} ${mark ?? ""}`);
    } catch {
      // One that has ended, or that is the kernel's.
    }
  }
  return lines;
}

/** In a process namespace of the test's own every browser and hypervisor is the test's. */
function isAlone(): boolean {
  return Deno.readTextFileSync("/proc/1/comm").trim() === "sh";
}

function cgroups(name: string): string[] {
  const mount = linesOf("/proc/mounts").map((line) => line.split(" "))
    .find(([_device, _path, type]) => type === "cgroup2")?.[1];
  if (mount === undefined) return [];
  return foldersBelow(`${mount}/${name}`).map((path) => `cgroup: ${path}`);
}

function foldersBelow(path: string): string[] {
  const names = entries(path);
  if (names === null) return [];
  return [
    path,
    ...names.filter((entry) => entry.isDirectory).flatMap(({ name }) =>
      foldersBelow(`${path}/${name}`)
    ),
  ];
}

/** Mount points of the test's own namespace. */
function mounts(): string[] {
  return Deno.readTextFileSync("/proc/self/mounts").trim().split("\n")
    .map((line) => `mount: ${line.split(" ").slice(0, 3).join(" ")}`);
}

function filesBelow(folder: string): string[] {
  return (entries(folder) ?? []).flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    return isDirectory ? [path, ...filesBelow(path)] : [path];
  });
}

function entries(folder: string): Deno.DirEntry[] | null {
  try {
    return [...Deno.readDirSync(folder)];
  } catch (error) {
    ignoreNotFound(error);
    return null;
  }
}

/** Rows that a VM has, of a database that may be open elsewhere. */
function rowsIn(path: string): string[] {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const leases = db.prepare("SELECT ip_address, vm_id FROM ip_allocations").all();
    const vms = db.prepare("SELECT name, status FROM vms").all();
    return [
      ...leases.map((row) => `lease: ${row["ip_address"]} of VM ${row["vm_id"]}`),
      ...vms.map((row) => `row: VM ${row["name"]} is ${row["status"]}`),
    ];
  } finally {
    db.close();
  }
}

function ignoreNotFound(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
