import type { VmRow } from "../../../../server/store/vm_rows.ts";

/** A row of a VM that nothing has been made of, named after its id. */
export function vmRow(id: string): Omit<VmRow, "seq" | "ip_address"> {
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
    ...{ profile: null, profile_mode: null },
    image: "current",
    agent_url: null,
    labels: {},
    settings: {
      egress: "internet",
      restart_policy: "never",
      idle_timeout_ms: null,
      environment: {},
      chrome: { flags: [] },
    },
    restarts: 0,
    expires_at: null,
    started_at: null,
    ready_at: null,
    reason: null,
    created_at: "2024-01-01T00:00:00.000Z",
    updated_at: "2024-01-01T00:00:00.000Z",
  };
}
