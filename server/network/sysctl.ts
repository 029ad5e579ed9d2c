import type { Host } from "../../host/host.ts";
import { retried } from "./retried.ts";

/** A kernel setting of the network, by its path below /proc/sys. */
export interface Sysctl {
  /** Names the setting in labels. */
  readonly name: string;
  readonly path: string;
  readonly value: string;
  /** What to put back, when it is known better than by looking. */
  readonly before?: string | undefined;
}

/** Reads a setting; `null` where the kernel has none such. */
export async function readSysctl(host: Host, { name, path }: Sysctl): Promise<string | null> {
  const label = `network.sysctl:${name}_read`;
  if (await host.files.stat(label, path) === null) return null;
  return (await host.files.readText(label, path)).trim();
}

/**
 * Changes a setting, with its undo; one that the kernel lacks or that fits already is left.
 *
 * @returns whether it had to be changed
 */
export async function setSysctl(
  host: Host,
  undo: AsyncDisposableStack,
  sysctl: Sysctl,
): Promise<boolean> {
  const { name, path, value } = sysctl;
  const current = await readSysctl(host, sysctl);
  const before = sysctl.before ?? current;
  if (current === null || before === null) return false;
  if (before !== value) {
    undo.defer(() => retried(() => host.files.write(`network.sysctl:${name}_undo`, path, before)));
  }
  if (current === value) return false;
  await host.files.write(`network.sysctl:${name}_set`, path, value);
  return true;
}
