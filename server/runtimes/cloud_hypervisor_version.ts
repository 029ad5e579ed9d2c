import { CommandError, type Host } from "../../host/host.ts";
import { chooseAccel } from "./accel.ts";
import type { Availability } from "./runtime.ts";

/**
 * The oldest major version that is used. 52 brought `--no-shutdown` and could take twice the
 * memory of a guest; 53 took that back, and lets no two processes have one socket.
 */
export const OLDEST_MAJOR_VERSION = 53;
/** What to do where it is missing or too old. */
export const INSTALL_HINT =
  `Install cloud-hypervisor ${OLDEST_MAJOR_VERSION}.0 or newer, one executable, ` +
  "from https://github.com/cloud-hypervisor/cloud-hypervisor/releases as " +
  "/usr/local/bin/cloud-hypervisor, or name one with --hypervisor (VIPER_HYPERVISOR)";

/** As a runtime's `probe`; guests run in hardware or not at all. */
export async function probeCloudHypervisor(host: Host, binary: string): Promise<Availability> {
  const choice = await chooseAccel(host);
  if (choice.accel !== "kvm") {
    const hint = "Use a machine, or a VM with nested virtualisation, that has KVM";
    return { available: false, reason: choice.reason, hint };
  }
  try {
    const { stdout } = await host.run("runtime.cloud_hypervisor:version", [binary, "--version"]);
    const version = /\bv?(\d+\.\d+\S*)/.exec(stdout)?.[1] ?? stdout.trim();
    if (isSupported(version)) return { available: true, version, accel: "kvm" };
    return { available: false, reason: tooOld(binary, version), hint: INSTALL_HINT };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const reason = error.code === "not_found" ? `"${binary}" is not installed` : error.message;
    return { available: false, reason, hint: INSTALL_HINT };
  }
}

/** Whether a version, such as `53.0`, is not too old; one that cannot be read is. */
export function isSupported(version: string): boolean {
  return Number(/^(\d+)\./.exec(version)?.[1]) >= OLDEST_MAJOR_VERSION;
}

/** Why a version is refused. */
export function tooOld(binary: string, version: string): string {
  return `"${binary}" is version "${version}" and ${OLDEST_MAJOR_VERSION}.0 is the oldest supported`;
}
