/** What the host has for VMs, and whether one more fits. */
import { ViperError } from "../../protocol/problems.ts";
import type { VmLoad } from "../store/vm_rows.ts";

/** Memory that a hypervisor takes beside its guest's, in megabytes. */
const VM_OVERHEAD_MB = 64;
/** When a client that was refused may ask again. */
const RETRY_AFTER_SECONDS = 5;

/** What all VMs together may take. */
export interface Capacity {
  readonly vms: number;
  readonly cpuCores: number;
  readonly memoryMb: number;
}

/** Virtual cores per real one: browsers wait more than they compute. */
const CPU_OVERCOMMIT = 8;
/** Share of the memory that is left to the host. */
const HOST_SHARE = 0.1;

/** What one VM may have. */
export interface VmSize {
  readonly cpuCores: number;
  readonly memoryMb: number;
}

/** What one VM can have at most, on a host that has nothing else to do. */
export function largestVm(sizeMax: VmSize, capacity: Capacity): VmSize {
  return {
    cpuCores: Math.min(sizeMax.cpuCores, capacity.cpuCores),
    memoryMb: Math.max(0, Math.min(sizeMax.memoryMb, capacity.memoryMb - VM_OVERHEAD_MB)),
  };
}

/** What the settings say, or what a host of that size can bear. */
export function capacityOf(
  { vmLimit, cpuLimit, memoryLimitMb }: {
    readonly vmLimit: number;
    readonly cpuLimit: number | null;
    readonly memoryLimitMb: number | null;
  },
  host: { readonly cpuCores: number; readonly memoryMb: number },
): Capacity {
  return {
    vms: vmLimit,
    cpuCores: cpuLimit ?? host.cpuCores * CPU_OVERCOMMIT,
    memoryMb: memoryLimitMb ?? Math.floor(host.memoryMb * (1 - HOST_SHARE)),
  };
}

/** What live VMs take of the host, what their hypervisors need included. */
export function takenBy({ count, cpuCores, memoryMb }: VmLoad): Omit<Capacity, "vms"> {
  return { cpuCores, memoryMb: memoryMb + count * VM_OVERHEAD_MB };
}

/** A VM that asks for room. */
export interface Asked {
  readonly name: string;
  readonly cpu_cores: number;
  readonly memory_mb: number;
}

/** @throws {ViperError} `vm_limit_reached` or `capacity_exhausted`, with a time to try again */
export function assertFits(asked: Asked, load: VmLoad, capacity: Capacity): void {
  const refuse = (code: "vm_limit_reached" | "capacity_exhausted", reason: string) => {
    throw new ViperError(code, `Cannot start VM "${asked.name}": ${reason}`, {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
  };
  if (load.count >= capacity.vms) {
    refuse("vm_limit_reached", `${capacity.vms} are live, which is the limit`);
  }
  const taken = takenBy(load);
  const cpuCores = Math.max(0, capacity.cpuCores - taken.cpuCores);
  if (asked.cpu_cores > cpuCores) {
    refuse("capacity_exhausted", `it asks for ${asked.cpu_cores} cores and ${cpuCores} are left`);
  }
  const memoryMb = Math.max(0, capacity.memoryMb - taken.memoryMb - VM_OVERHEAD_MB);
  if (asked.memory_mb > memoryMb) {
    refuse(
      "capacity_exhausted",
      `it asks for ${asked.memory_mb} MB and ${memoryMb} MB are left`,
    );
  }
}

/** Whether a refusal may end by itself, once another VM has gone. */
export function isForWantOfRoom(error: unknown): error is ViperError {
  return error instanceof ViperError &&
    ["vm_limit_reached", "capacity_exhausted", "addresses_exhausted"].includes(error.code);
}
