import type { Host } from "../../host/host.ts";
import type { Reading, Source } from "./metrics.ts";

/** Ticks of processor time a second, on every Linux that Deno runs on (proc(5), `USER_HZ`). */
const TICKS_PER_SECOND = 100;

/** What the kernel says of the daemon's own process (proc(5)). */
export function processFigures(host: Pick<Host, "files" | "pid">): Source {
  const folder = `/proc/${host.pid}`;
  const read = (path: string) => host.files.readText("metrics.process:read", path);
  return async () => {
    const [stat, status, limits, system, descriptors] = await Promise.all([
      read(`${folder}/stat`),
      read(`${folder}/status`),
      read(`${folder}/limits`),
      read("/proc/stat"),
      host.files.list("metrics.process:descriptors", `${folder}/fd`),
    ]);
    // The program's name, in brackets, may have spaces; the state, field 3, follows it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = (field: number) => Number(fields[field - 3]) / TICKS_PER_SECOND;
    const bootSeconds = number(system, /^btime (\d+)/m);
    return [
      reading("process_cpu_seconds_total", ticks(14) + ticks(15)),
      reading("process_resident_memory_bytes", number(status, /^VmRSS:\s+(\d+) kB/m) * 1_024),
      reading("process_virtual_memory_bytes", number(status, /^VmSize:\s+(\d+) kB/m) * 1_024),
      reading("process_open_fds", descriptors.length),
      reading("process_max_fds", number(limits, /^Max open files\s+(\d+)/m)),
      reading("process_threads", number(status, /^Threads:\s+(\d+)/m)),
      reading("process_start_time_seconds", bootSeconds + ticks(22)),
    ];
  };
}

type Unlabelled = Extract<Reading, { readonly name: `process_${string}` }>["name"];

function reading(name: Unlabelled, value: number): Reading {
  return { name, labels: {}, value };
}

/** No limit reads as endless, and so does what this kernel does not tell. */
function number(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? Infinity);
}
