/** A row as clients see it, and what they say of rows. */
import type { Vm as WireVm } from "../../protocol/vms.ts";
import type { VmRow } from "../store/vm_rows.ts";
import { LOOPBACK } from "./addresses.ts";
import { isLive } from "./states.ts";

/** The row as clients see it; secrets and process details stay inside. */
export function wireVm(row: VmRow): WireVm {
  const ip = row.runtime === "local" && isLive(row.status) ? LOOPBACK : row.ip_address;
  const idleTimeoutMs = row.settings.idle_timeout_ms;
  return {
    id: row.id,
    seq: row.seq,
    name: row.name,
    status: row.status,
    runtime: row.runtime,
    accel: row.accel,
    layout: row.layout,
    image: row.image,
    mac_address: row.mac_address,
    cpu_cores: row.cpu_cores,
    memory_mb: row.memory_mb,
    labels: row.labels,
    egress: row.settings.egress,
    ...(row.profile === null || row.profile_mode === null
      ? {}
      : { profile: { name: row.profile, mode: row.profile_mode } }),
    restart_policy: row.settings.restart_policy,
    restarts: row.restarts,
    created_at: row.created_at,
    updated_at: row.updated_at,
    ...(row.pid === null ? {} : { pid: row.pid }),
    ...(ip === null ? {} : { ip_address: ip }),
    ...(row.kernel_cmdline === null ? {} : { kernel_cmdline: row.kernel_cmdline }),
    ...(row.expires_at === null ? {} : { expires_at: row.expires_at }),
    ...(idleTimeoutMs === null ? {} : { idle_timeout_ms: idleTimeoutMs }),
    ...(row.started_at === null ? {} : { started_at: row.started_at }),
    ...(row.ready_at === null ? {} : { ready_at: row.ready_at }),
    ...(row.reason === null ? {} : { reason: row.reason }),
  };
}

/** `key=value,key=value`, as the schema has let it in; a key may stand twice, and then none fits. */
export function labelsOf(text: string | undefined): [key: string, value: string][] {
  return text?.split(",").map((pair) => {
    const [key = "", value = ""] = pair.split("=");
    return [key, value];
  }) ?? [];
}
