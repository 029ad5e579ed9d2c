import type { VmRow } from "../../../../server/store/vm_rows.ts";

/** A row of a VM that nothing has been made of, named after its id. */
export function vmRow(id: string): Omit<VmRow, "ip_address"> {
  return {
    id,
    name: id,
    status: "pending",
    runtime: "qemu",
    accel: "tcg",
    layout: "disk",
    pid: null,
    start_ticks: null,
    mac_address: "02:00:00:00:00:01",
    cpu_cores: 1,
    memory_mb: 64,
    kernel_cmdline: null,
    token: "t".repeat(64),
    reason: null,
    created_at: "2024-01-01T00:00:00.000Z",
    updated_at: "2024-01-01T00:00:00.000Z",
  };
}
