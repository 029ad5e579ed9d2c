/**
 * What becomes of a VM's row that an earlier daemon left: it is taken to where the VM really
 * stands.
 *
 * @module
 */
import type { Machine } from "../runtimes/runtime.ts";
import type { VmRow } from "../store/vm_rows.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { GONE } from "./crash.ts";
import { isLive } from "./states.ts";

/** Adopts the VM's machine, or tells that the VM has crashed. Takes the VM's turn. */
export async function recover(vm: Lifecycle, closing: AbortSignal): Promise<void> {
  const row = vm.record.require();
  vm.lifetime.watchExpiry(row);
  if (row.status === "crashed" && row.started_at !== null) vm.restartLater();
  if (!isLive(row.status)) return;
  const machine = await adoptable(vm, row, closing);
  if (machine === null) await bury(vm, row);
  else await adopt(vm, row, machine);
}

/** The machine of an earlier daemon, if it runs and its agent can be found. */
async function adoptable(
  { footprint, logLeft }: Lifecycle,
  row: VmRow,
  closing: AbortSignal,
): Promise<{ machine: Machine; isPaused: boolean } | null> {
  const ref = refOf(row);
  const isReady = row.status === "running" || row.status === "paused";
  if (ref === null || isReady && row.agent_url === null) return null;
  try {
    const machine = await footprint.adopt({ ref, row }, closing);
    const state = (await machine?.info())?.state;
    if (machine === null || state === "created" || state === "shutdown") return null;
    return { machine, isPaused: state === "paused" };
  } catch (error) {
    logLeft(error);
    return null;
  }
}

async function adopt(
  vm: Lifecycle,
  row: VmRow,
  { machine, isPaused }: { machine: Machine; isPaused: boolean },
): Promise<void> {
  const life = vm.begin(machine);
  if (row.agent_url !== null) life.connect(row.agent_url, row.token);
  if (row.status === "stopping") return await vm.halt(0);
  // A VM that boots has all its time anew: while the daemon was away nobody took its announce.
  if (row.status === "starting") {
    vm.expectAnnounce(life, machine);
    // Its agent has announced itself, and waits for nothing more.
    if (row.profile !== null && row.agent_url !== null) vm.login.begin(life, row.profile);
    return;
  }
  vm.record.apply(isPaused ? "pause" : "resume");
  vm.lifetime.watchIdle(life, row);
}

/** Cleans up after a VM whose machine is gone. */
async function bury(vm: Lifecycle, row: VmRow): Promise<void> {
  const { footprint, record } = vm;
  // One VM that cannot be cleaned up must not keep the daemon from starting; a delete retries.
  const isUnclean = await vm.hasLeft(footprint.release({ ref: refOf(row) }));
  if (row.started_at === null) {
    await footprint.removeLog().catch(vm.logLeft);
    vm.cancelAll();
    return record.discard(row, GONE.reason);
  }
  if (row.status === "stopping") return void record.apply("exit");
  record.apply("exit", { reason: GONE.reason }, { cause: GONE.cause, isUnclean });
  vm.restartLater();
}

function refOf({ pid, start_ticks }: VmRow): { pid: number; startTicks: number } | null {
  return pid === null || start_ticks === null ? null : { pid, startTicks: start_ticks };
}
