/** Names of VMs' logs: all begin with the VM's id and a dot, so that each can be found by it. */
import type { Host } from "../../host/host.ts";

/** An id and a dot at the start of a name (RFC 9562). */
const OF_A_VM = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\./;

/** What the VM's hypervisor appends to: the serial console, as the guest wrote it. */
export function consoleFile(logDir: string, vmId: string): string {
  return `${logDir}/${vmId}.serial`;
}

/** Removes the logs of one VM; may be repeated. */
export async function removeLogs({ files }: Host, logDir: string, vmId: string): Promise<void> {
  for (const name of await files.list("logs.remove:list_undo", logDir)) {
    if (!name.startsWith(`${vmId}.`)) continue;
    await files.remove("logs.remove:file_undo", `${logDir}/${name}`);
  }
}

/** Removes the logs of VMs that are not known, such as those of a daemon that was killed. */
export async function sweepLogs(
  { files }: Host,
  logDir: string,
  isKnown: (vmId: string) => boolean,
): Promise<void> {
  for (const name of await files.list("logs.sweep:list", logDir)) {
    const vmId = OF_A_VM.exec(name)?.[1];
    if (vmId === undefined || isKnown(vmId)) continue;
    await files.remove("logs.sweep:file_undo", `${logDir}/${name}`);
  }
}
