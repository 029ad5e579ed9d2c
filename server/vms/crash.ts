import type { CrashCause } from "../../protocol/events.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { MachineEnd } from "../runtimes/runtime.ts";

/** An end of a VM that nobody asked for. */
export interface Crash {
  /** For those who count and compare. */
  readonly cause: CrashCause;
  /** For people. */
  readonly reason: string;
}

export const HUNG: Crash = { cause: "hung", reason: "the machine did not answer" };
export const OUT_OF_MEMORY: Crash = {
  cause: "out_of_memory",
  reason: "the machine took more memory than it may, and the kernel ended it",
};
export const NETWORK_LOST: Crash = { cause: "network_lost", reason: "its tap is gone" };
export const GONE: Crash = {
  cause: "gone",
  reason: "its machine was gone when the daemon came back",
};

/** The agent did not announce itself in time. */
export function bootTimeout(ms: number): Crash {
  return { cause: "boot_timeout", reason: `the agent was not ready in ${ms} ms` };
}

/** The browser came up, and could not be logged in. */
export function notLoggedIn(reason: string): Crash {
  return { cause: "profile_not_attached", reason: `its profile was not attached: ${reason}` };
}

/** There was no machine yet. */
export function notStarted(reason: string): Crash {
  return { cause: "not_started", reason };
}

/** A machine is gone; one that ends on request while nobody waits for it ended by itself. */
export function crashOf({ cause, status }: MachineEnd): Crash {
  if (cause === "requested" || cause === "process_exit") {
    return { cause: "process_exit", reason: exitReason(status) };
  }
  return { cause, reason: `the machine ended: ${cause.replace("_", " ")}` };
}

function exitReason(status: MachineEnd["status"]): string {
  if (status === null) return "the machine's process is gone";
  return `the machine ended by ${status.signal ?? `itself with code ${status.code}`}`;
}

/** What the answer to a failed start says. */
export function startError(name: string, error: unknown): ViperError {
  if (error instanceof ViperError) return error;
  const isDiskFull = (error as { code?: unknown }).code === "ENOSPC";
  const code = isDiskFull ? "disk_full" : "vm_start_failed";
  return new ViperError(code, `Cannot start VM "${name}": ${messageOf(error)}`, { cause: error });
}

/** What was thrown, as a part of a reason. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
