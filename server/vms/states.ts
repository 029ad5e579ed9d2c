/**
 * Where a VM can stand and what may happen to it there, as one pure table.
 *
 * ```
 *            boot            announce             pause
 *  pending ────────▶ starting ────────▶ running ────────▶ paused
 *     ▲ ▲               │                │ ▲ │ ◀────────    │
 *     │ │ start         │ exit, expire   │ └─┘  resume      │ exit
 *     │ │               ▼                ▼ announce         │
 *     │ crashed ◀───────┴──── exit ──────┴──────────────────┘
 *     │ start
 *  stopped ◀──── exit ──── stopping
 *
 *  stop:   pending, starting, running, paused ──▶ stopping
 *  stop:   crashed                            ──▶ stopped
 *  remove: stopped, crashed                   ──▶ gone
 * ```
 *
 * An `announce` of a `running` VM tells that its browser came back. A `pending` VM that comes to
 * nothing has crashed by `exit`. A `crashed` VM may be on its way back by itself, a `stopped` one is
 * not.
 *
 * @module
 */
import type { VmStatus } from "../../protocol/vms.ts";

/** What happens to a VM, by request or by itself. */
export type VmSignal =
  | "start"
  | "boot"
  | "announce"
  | "pause"
  | "resume"
  | "exit"
  | "expire"
  | "stop"
  | "remove";

/** Where a VM stands after a signal; `gone` has no row. */
export type VmTarget = VmStatus | "gone";

/** Status × signal → next status. What is absent is not legal there. */
export const TRANSITIONS: Readonly<
  Record<VmStatus, Readonly<Partial<Record<VmSignal, VmTarget>>>>
> = {
  pending: { boot: "starting", exit: "crashed", stop: "stopping" },
  starting: { announce: "running", exit: "crashed", expire: "crashed", stop: "stopping" },
  running: { announce: "running", pause: "paused", exit: "crashed", stop: "stopping" },
  paused: { resume: "running", exit: "crashed", stop: "stopping" },
  stopping: { exit: "stopped" },
  stopped: { start: "pending", remove: "gone" },
  crashed: { start: "pending", stop: "stopped", remove: "gone" },
};

/** Where the signal leads, or `null` where it is not legal. */
export function transition(status: VmStatus, signal: VmSignal): VmTarget | null {
  return TRANSITIONS[status][signal] ?? null;
}

/** The statuses in which a VM occupies the host: a process, a tap, memory. */
export const LIVE_STATUSES = ["pending", "starting", "running", "paused", "stopping"] as const;

/** Whether a VM of this status will soon have another, by itself. */
export function isOnItsWay(status: VmStatus): boolean {
  return status === "pending" || status === "starting" || status === "stopping";
}

/** Whether a VM of this status has a process, a tap and a lease. */
export function isLive(status: VmStatus): boolean {
  return (LIVE_STATUSES as readonly VmStatus[]).includes(status);
}
