import type { Host } from "../../host/host.ts";
import { vmStatus } from "../../protocol/vms.ts";
import type { LeaseRows } from "../store/lease_rows.ts";
import type { VmRows } from "../store/vm_rows.ts";
import { type Capacity, takenBy } from "../vms/capacity.ts";
import type { Reading, Source } from "./metrics.ts";

const BYTES_PER_MB = 1024 * 1024;

/** Where the figures of the fleet come from. */
export interface FleetFigureParts {
  readonly host: Pick<Host, "files">;
  readonly rows: VmRows;
  readonly leases: LeaseRows;
  readonly capacity: Capacity;
  /** Addresses that guests may have; `null` for a runtime without a network of ours. */
  readonly addresses: number | null;
  readonly dbPath: string;
  /** Creates that wait for room. */
  readonly waiting: () => number;
  /** Those who follow events. */
  readonly subscribers: () => number;
}

/** What all VMs are and take, out of their rows. */
export function fleetFigures(parts: FleetFigureParts): Source {
  const { rows, capacity, waiting, subscribers } = parts;
  return async () => {
    const databaseBytes = await sizeOfDatabase(parts);
    const taken = takenBy(rows.load());
    return [
      ...vmReadings(rows),
      { name: "viper_vm_limit", labels: {}, value: capacity.vms },
      { name: "viper_cpu_used_cores", labels: {}, value: taken.cpuCores },
      { name: "viper_cpu_limit_cores", labels: {}, value: capacity.cpuCores },
      { name: "viper_memory_used_bytes", labels: {}, value: taken.memoryMb * BYTES_PER_MB },
      { name: "viper_memory_limit_bytes", labels: {}, value: capacity.memoryMb * BYTES_PER_MB },
      ...leaseReadings(parts),
      { name: "viper_create_queue", labels: {}, value: waiting() },
      { name: "viper_event_subscribers", labels: {}, value: subscribers() },
      { name: "viper_database_bytes", labels: {}, value: databaseBytes },
    ];
  };
}

/** Every status, so that one without VMs reads 0 and not as unknown. */
function vmReadings(rows: VmRows): Reading[] {
  const counts = new Map(rows.countByStatus().map(({ status, count }) => [status, count]));
  return vmStatus.options.map((status) => ({
    name: "viper_vms",
    labels: { status },
    value: counts.get(status) ?? 0,
  }));
}

function leaseReadings({ addresses, leases }: FleetFigureParts): Reading[] {
  if (addresses === null) return [];
  const used = leases.count();
  return [
    { name: "viper_leases", labels: { state: "used" }, value: used },
    { name: "viper_leases", labels: { state: "free" }, value: addresses - used },
  ];
}

/** SQLite keeps what is new in a log beside the file. */
async function sizeOfDatabase({ host, dbPath }: FleetFigureParts): Promise<number> {
  const sizes = [dbPath, `${dbPath}-wal`].map(async (path) =>
    (await host.files.stat("metrics.fleet:database", path))?.size ?? 0
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
