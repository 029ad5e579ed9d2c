/**
 * Where a VM can stand and what may happen to it there, as one pure table.
 *
 * ```
 *            boot            announce
 *  pending ────────▶ starting ────────▶ running ◀─┐
 *     │                 │                  │  └────┘ announce (the browser came back)
 *     │ exit            │ exit, expire     │ exit
 *     ▼                 ▼                  ▼
 *  crashed ◀────────────┴──────────────────┘
 *
 *  stop:   pending, starting, running ──▶ stopped
 *  remove: stopped, crashed           ──▶ gone
 * ```
 *
 * @module
 */
import type { VmStatus } from "../../protocol/vms.ts";

/** What happens to a VM, by request or by itself. */
export type VmSignal = "boot" | "announce" | "exit" | "expire" | "stop" | "remove";

/** Where a VM stands after a signal; `gone` has no row. */
export type VmTarget = VmStatus | "gone";

/** Status × signal → next status. What is absent is not legal there. */
export const TRANSITIONS: Readonly<
  Record<VmStatus, Readonly<Partial<Record<VmSignal, VmTarget>>>>
> = {
  pending: { boot: "starting", exit: "crashed", stop: "stopped" },
  starting: { announce: "running", exit: "crashed", expire: "crashed", stop: "stopped" },
  running: { announce: "running", exit: "crashed", stop: "stopped" },
  stopped: { remove: "gone" },
  crashed: { remove: "gone" },
};

/** Where the signal leads, or `null` where it is not legal. */
export function transition(status: VmStatus, signal: VmSignal): VmTarget | null {
  return TRANSITIONS[status][signal] ?? null;
}

/** Whether a VM of this status has a process, a tap and a lease. */
export function isLive(status: VmStatus): boolean {
  return status === "pending" || status === "starting" || status === "running";
}
