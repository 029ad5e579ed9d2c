/**
 * From a request to what is to be made: the row, the instance's file and the kernel's command
 * line of a new VM.
 *
 * @module
 */
import type { Host } from "../../host/host.ts";
import { AGENT_PORT, type Instance } from "../../protocol/guest.ts";
import type { ParsedOf } from "../../protocol/operation.ts";
import type { vmsCreate } from "../../protocol/vm_operations.ts";
import type { Accel, Egress, RuntimeName } from "../../protocol/vms.ts";
import { kernelIpArgument } from "../network/kernel_ip.ts";
import type { VmRow } from "../store/vm_rows.ts";
import { chromeArguments, chromeEnvironment, preparations } from "./chrome_settings.ts";

/** Bytes of a VM's secret. */
const TOKEN_BYTES = 32;

/** Words that every guest kernel gets: console for the log, an end instead of a hang. */
const KERNEL_WORDS = "console=ttyS0 reboot=k panic=1 quiet";

/** What a VM gets whose creator did not say otherwise. */
export interface VmDefaults {
  readonly cpuCores: number;
  readonly memoryMb: number;
  readonly egress: Egress;
}

/** The row of a VM that nothing has been made of. */
export function newRow(
  host: Host,
  input: ParsedOf<typeof vmsCreate> & { readonly ephemeral?: boolean },
  runtime: { readonly name: RuntimeName; readonly accel: Accel },
  defaults: VmDefaults,
): Omit<VmRow, "seq" | "ip_address" | "mac_address"> {
  const now = host.clock.now();
  const { ttl_ms: ttlMs } = input;
  return {
    id: host.random.uuid(),
    name: input.name,
    status: "pending",
    runtime: runtime.name,
    accel: runtime.accel,
    layout: input.layout,
    image: input.image,
    pid: null,
    start_ticks: null,
    agent_url: null,
    cpu_cores: input.cpu_cores ?? defaults.cpuCores,
    memory_mb: input.memory_mb ?? defaults.memoryMb,
    kernel_cmdline: input.kernel_cmdline ?? null,
    token: host.random.bytes(TOKEN_BYTES).toHex(),
    labels: input.labels,
    settings: {
      egress: input.egress ?? defaults.egress,
      restart_policy: input.restart_policy,
      idle_timeout_ms: input.idle_timeout_ms ?? null,
      environment: input.environment,
      chrome: input.chrome,
      ...(input.ephemeral ? { ephemeral: true } : {}),
    },
    profile: input.profile?.name ?? null,
    profile_mode: input.profile?.mode ?? null,
    restarts: 0,
    reason: null,
    expires_at: ttlMs === undefined ? null : new Date(now.getTime() + ttlMs).toISOString(),
    started_at: null,
    ready_at: null,
    created_at: now.toISOString(),
    updated_at: now.toISOString(),
  };
}

/** What the VM is born with; `ip` is `null` for an agent on loopback. */
export function instanceOf(
  row: Pick<VmRow, "id" | "name" | "token" | "settings">,
  ip: string | null,
  daemonUrl: string,
): Instance {
  const { chrome, environment } = row.settings;
  return {
    vm_id: row.id,
    name: row.name,
    token: row.token,
    listen: ip === null ? { hostname: "127.0.0.1", port: 0 } : { hostname: ip, port: AGENT_PORT },
    daemon_url: daemonUrl,
    environment: { ...environment, ...chromeEnvironment(chrome) },
    chrome: {
      args: chromeArguments(chrome),
      ...(chrome.viewport === undefined ? {} : { viewport: chrome.viewport }),
      ...preparations(chrome),
    },
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
