/** Everything that can happen to a VM, as subscribers read it. */
import * as z from "zod";
import { vmStatus } from "./vms.ts";

export const logStream = z.enum(["agent", "browser", "console"])
  .describe("Where a line comes from: the agent, Chrome's output, or the serial console");
/** Where a line comes from. */
export type LogStream = z.infer<typeof logStream>;

/** What happened; the names are those of earlier versions. */
export const eventType = z.enum([
  "VM_CREATED",
  "VM_STARTING",
  "VM_RUNNING",
  "VM_PAUSED",
  "VM_RESUMED",
  "VM_STOPPING",
  "VM_STOPPED",
  "VM_CRASHED",
  "VM_DELETED",
  "VM_BROWSER_RESTARTED",
  "VM_PAGE_CRASHED",
  "VM_LOG",
]);
/** What happened. */
export type EventType = z.infer<typeof eventType>;

/**
 * Why a VM crashed. `guest_*` and `process_exit`: its machine ended by itself, by what the guest did
 * or for no known reason. `out_of_memory`: the host's kernel ended it, since it took more memory than
 * it may. `hung`: the machine did not answer. `boot_timeout`: the agent was not
 * ready in time. `not_started`: there was no machine yet. `network_lost`: its tap was gone.
 * `gone`: its machine was, when the daemon came back. `profile_not_attached`: its browser could not
 * be given its profile.
 */
export const crashCause = z.enum([
  "guest_poweroff",
  "guest_reset",
  "guest_panic",
  "process_exit",
  "out_of_memory",
  "hung",
  "boot_timeout",
  "not_started",
  "network_lost",
  "gone",
  "profile_not_attached",
]);
/** Why a VM crashed. */
export type CrashCause = z.infer<typeof crashCause>;

/** One event. `seq` grows by at least one and never repeats, over restarts too. */
export const vmEvent = z.object({
  seq: z.int(),
  type: eventType,
  /** The VM's name; a deleted name may be used again, `vm_id` never is. */
  name: z.string(),
  vm_id: z.string(),
  status: vmStatus,
  ip_address: z.string().optional(),
  mac_address: z.string().optional(),
  pid: z.int().optional(),
  message: z.string().optional(),
  /** Of `VM_CRASHED`. Earlier versions stored none. */
  cause: crashCause.optional(),
  /** Of `VM_PAGE_CRASHED`: its id and where it was. */
  page: z.string().optional(),
  url: z.string().optional(),
  /** Of `VM_LOG`: a line that the guest wrote, and where. */
  stream: logStream.optional(),
  line: z.string().optional(),
  timestamp: z.iso.datetime(),
});
/** One event. */
export type VmEvent = z.infer<typeof vmEvent>;

/** Tells a subscriber which events it was too slow for, or which are no longer kept. */
export const eventGap = z.object({
  type: z.literal("gap"),
  /** First and last `seq` that were left out. */
  from: z.int(),
  to: z.int(),
});
/** Tells a subscriber what it missed. */
export type EventGap = z.infer<typeof eventGap>;
