import type { Host } from "../host/host.ts";

/** A machine's processors and memory. */
export interface HostSize {
  readonly cpuCores: number;
  readonly memoryMb: number;
}

/** What this machine has, as /proc tells it (proc(5)). */
export async function readHostSize({ files }: Host): Promise<HostSize> {
  const [stat, meminfo] = await Promise.all([
    files.readText("server.size:cpu", "/proc/stat"),
    files.readText("server.size:memory", "/proc/meminfo"),
  ]);
  const kibibytes = Number(/^MemTotal:\s+(\d+) kB/m.exec(meminfo)?.[1] ?? 0);
  return {
    cpuCores: [...stat.matchAll(/^cpu\d+ /gm)].length,
    memoryMb: Math.floor(kibibytes / 1_024),
  };
}
