/** What memory the guest has. */
import type { Host } from "../host/host.ts";

const BYTES_PER_KILOBYTE = 1_024;

/** In bytes. */
export interface GuestMemory {
  readonly total: number;
  /** What could be used by something new, without swapping. */
  readonly available: number;
}

/** Two lines of /proc/meminfo (proc(5)), whose kB are 1024 bytes; `label` names who asks. */
export async function guestMemory(
  label: string,
  { files }: { readonly files: Pick<Host["files"], "readText"> },
): Promise<GuestMemory> {
  const text = await files.readText(label, "/proc/meminfo");
  const bytes = (name: string) =>
    Number(new RegExp(`^${name}: +(\\d+) kB`, "m").exec(text)?.[1] ?? 0) * BYTES_PER_KILOBYTE;
  return { total: bytes("MemTotal"), available: bytes("MemAvailable") };
}
