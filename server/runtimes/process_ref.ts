/**
 * Processes by number, found again after a restart of the daemon without mistaking a number that
 * was used again: pid and start time together name a process (proc(5), /proc/PID/stat).
 *
 * @module
 */
import type { Host, Label } from "../../host/host.ts";
import type { MachineRef } from "./runtime.ts";

/** Every process of a machine carries this variable with the VM's id, children included. */
export const VM_ID_VARIABLE = "VIPER_VM_ID";

/** How long processes may take to heed a signal that cannot be caught, in milliseconds. */
const SIGNAL_TIMEOUT_MS = 5_000;
const POLL_INTERVAL_MS = 20;

const VERBS = { SIGKILL: "end", SIGSTOP: "stop", SIGCONT: "continue" } as const;

/** What /proc/PID/stat tells; see proc(5) for the fields. */
export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  /** `T` is stopped by a signal, `Z` is dead and not yet waited for. */
  readonly state: string;
  /** Field 22: clock ticks from boot to the process's start. */
  readonly startTicks: number;
}

/** Reads /proc/PID/stat; `null` when there is no such process. */
export async function processStat(
  host: Host,
  label: Label,
  pid: number,
): Promise<ProcessStat | null> {
  const text = await readProc(host, label, `/proc/${pid}/stat`);
  if (text === null) return null;
  // The command's name, in parentheses, may itself hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(")") + 2).trim().split(" ");
  return {
    pid,
    state: fields[0] ?? "",
    parent: Number(fields[1]),
    session: Number(fields[3]),
    startTicks: Number(fields[19]),
  };
}

/** Names a running process; `null` when it is gone or dead. */
export async function findProcess(
  host: Host,
  pid: number,
  label: Label = "runtime.process:find",
): Promise<MachineRef | null> {
  const stat = await processStat(host, label, pid);
  if (stat === null || stat.state === "Z") return null;
  return { pid, startTicks: stat.startTicks };
}

/** Whether the very process that was named still runs. */
export async function isAlive(
  host: Host,
  ref: MachineRef,
  label: Label = "runtime.process:alive",
): Promise<boolean> {
  const found = await findProcess(host, ref.pid, label);
  return found !== null && found.startTicks === ref.startTicks;
}

/** Whether the very process that was named still runs and belongs to the VM. */
export async function isMachineOf(host: Host, ref: MachineRef, vmId: string): Promise<boolean> {
  const label = "runtime.process:adopt";
  return await carriesId(host, label, ref.pid, vmId) && await isAlive(host, ref, label);
}

/** A machine's processes: the named one if it is still that one, all below, all with its id. */
export interface MachineProcesses {
  readonly ref?: MachineRef | undefined;
  readonly vmId: string;
}

/**
 * Kills what is left of a machine. Waits until it is gone; nothing left is not an error.
 *
 * @throws {Error} when a process outlives SIGKILL by 5 s
 */
export async function killLeftover(host: Host, machine: MachineProcesses): Promise<void> {
  await signalUntil(host, machine, "SIGKILL", () => true, {
    scan: "runtime.process:scan_undo",
    signal: "runtime.process:kill_undo",
  });
}

/** Stops all processes of a machine, those in other sessions, too. @throws {Error} after 5 s */
export async function stopProcesses(host: Host, machine: MachineProcesses): Promise<void> {
  await signalUntil(host, machine, "SIGSTOP", ({ state }) => state !== "T", {
    scan: "runtime.process:stop_scan",
    signal: "runtime.process:stop",
  });
}

/** Lets all processes of a machine go on. @throws {Error} after 5 s */
export async function continueProcesses(host: Host, machine: MachineProcesses): Promise<void> {
  await signalUntil(host, machine, "SIGCONT", ({ state }) => state === "T", {
    scan: "runtime.process:continue_scan",
    signal: "runtime.process:continue",
  });
}

/** Signals the processes that are not as wished until none is left; they may start others. */
async function signalUntil(
  host: Host,
  machine: MachineProcesses,
  signal: "SIGKILL" | "SIGSTOP" | "SIGCONT",
  isWrong: (stat: ProcessStat) => boolean,
  labels: { readonly scan: Label; readonly signal: Label },
): Promise<void> {
  const deadline = host.clock.monotonicMs() + SIGNAL_TIMEOUT_MS;
  while (true) {
    const wrong = (await machineProcesses(host, machine, labels.scan)).filter(isWrong);
    if (wrong.length === 0) return;
    if (host.clock.monotonicMs() > deadline) {
      const pids = wrong.map(({ pid }) => pid).join(", ");
      throw new Error(`Cannot ${VERBS[signal]} the processes ${pids} of VM "${machine.vmId}"`);
    }
    for (const { pid } of wrong) host.signal(labels.signal, pid, signal);
    await host.clock.sleep(POLL_INTERVAL_MS);
  }
}

/** A machine's living processes. */
async function machineProcesses(
  host: Host,
  { ref, vmId }: MachineProcesses,
  label: Label,
): Promise<ProcessStat[]> {
  const all: ProcessStat[] = [];
  for (const name of await host.files.list(label, "/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await processStat(host, label, Number(name));
    if (stat !== null && stat.state !== "Z" && stat.pid !== host.pid) all.push(stat);
  }
  const found = new Set<number>();
  for (const stat of all) {
    const isNamed = stat.pid === ref?.pid && stat.startTicks === ref.startTicks;
    if (isNamed || await carriesId(host, label, stat.pid, vmId)) found.add(stat.pid);
  }
  // Parents have been found before their children once a round adds nothing more.
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const stat of all) if (found.has(stat.parent)) found.add(stat.pid);
  }
  return all.filter(({ pid }) => found.has(pid));
}

async function carriesId(host: Host, label: Label, pid: number, vmId: string): Promise<boolean> {
  const environment = await readProc(host, label, `/proc/${pid}/environ`);
  return environment?.split("\0").includes(`${VM_ID_VARIABLE}=${vmId}`) ?? false;
}

/** `null` when the process is gone, or is one that may not be read. */
async function readProc(host: Host, label: Label, path: string): Promise<string | null> {
  try {
    return await host.files.readText(label, path);
  } catch (error) {
    if (isUnreadable(error)) return null;
    throw error;
  }
}

/** A process may end between being opened and being read: ESRCH, which has no class of its own. */
function isUnreadable(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return code === "ENOENT" || code === "EACCES" || code === "EPERM" ||
    /No such process/.test(String(message));
}
