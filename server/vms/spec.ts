/**
 * From a request to what is to be made: the row, the instance's file and the kernel's command
 * line of a new VM.
 *
 * @module
 */
import type { Host } from "../../host/host.ts";
import { AGENT_PORT, type Instance } from "../../protocol/guest.ts";
import type { ParsedOf } from "../../protocol/operation.ts";
import type { Accel, RuntimeName, vmsCreate } from "../../protocol/vms.ts";
import { kernelIpArgument } from "../network/kernel_ip.ts";
import type { VmRow } from "../store/vm_rows.ts";

/** Bytes of a VM's secret. */
const TOKEN_BYTES = 32;

/** Words that every guest kernel gets: console for the log, an end instead of a hang. */
const KERNEL_WORDS = "console=ttyS0 reboot=k panic=1 quiet";

/** The row of a VM that nothing has been made of. */
export function newRow(
  host: Host,
  input: ParsedOf<typeof vmsCreate>,
  runtime: { readonly name: RuntimeName; readonly accel: Accel },
): Omit<VmRow, "ip_address" | "mac_address"> {
  const now = host.clock.now().toISOString();
  return {
    id: host.random.uuid(),
    name: input.name,
    status: "pending",
    runtime: runtime.name,
    accel: runtime.accel,
    layout: input.layout,
    pid: null,
    start_ticks: null,
    cpu_cores: input.cpu_cores,
    memory_mb: input.memory_mb,
    kernel_cmdline: input.kernel_cmdline ?? null,
    token: host.random.bytes(TOKEN_BYTES).toHex(),
    reason: null,
    created_at: now,
    updated_at: now,
  };
}

/** What the VM is born with; `ip` is `null` for an agent on loopback. */
export function instanceOf(
  row: Pick<VmRow, "id" | "name" | "token">,
  ip: string | null,
  daemonUrl: string,
): Instance {
  return {
    vm_id: row.id,
    name: row.name,
    token: row.token,
    listen: ip === null ? { hostname: "127.0.0.1", port: 0 } : { hostname: ip, port: AGENT_PORT },
    daemon_url: daemonUrl,
    chrome: { args: [] },
  };
}

/** The kernel's command line; what the user adds stands last, and of a word the last one counts. */
export function kernelCommandLine(
  row: Pick<VmRow, "name" | "kernel_cmdline">,
  address: { readonly ip: string; readonly gateway: string; readonly netmask: string },
  resolvers: readonly string[],
): string {
  const ip = kernelIpArgument({ ...address, hostname: row.name });
  const dns = resolvers.length === 0 ? [] : [`viper.dns=${resolvers.join(",")}`];
  return [KERNEL_WORDS, ip, ...dns, row.kernel_cmdline ?? ""].join(" ").trim();
}
