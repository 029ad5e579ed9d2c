import type { Host } from "../host/host.ts";
import type { OutputOf } from "../protocol/operation.ts";
import type { systemStatus } from "../protocol/system.ts";
import type { RuntimeName } from "../protocol/vms.ts";

/** Processor times as /proc/stat has them, in ticks. */
interface CpuTimes {
  readonly busy: number;
  readonly total: number;
}

/** Reads how busy the host is. */
export class SystemStatus {
  readonly #startedMs: number;
  #last: CpuTimes = { busy: 0, total: 0 };

  constructor(
    private readonly host: Host,
    readonly version: string,
    private readonly runtime: RuntimeName,
    private readonly vmCount: () => number,
  ) {
    this.#startedMs = host.clock.monotonicMs();
  }

  /** The share of processor time is that since the last call, or since boot at the first. */
  async read(): Promise<OutputOf<typeof systemStatus>> {
    const { files, clock } = this.host;
    const [stat, meminfo] = await Promise.all([
      files.readText("system.status:cpu", "/proc/stat"),
      files.readText("system.status:memory", "/proc/meminfo"),
    ]);
    const now = cpuTimes(stat);
    const total = now.total - this.#last.total;
    const cpu = total > 0 ? (now.busy - this.#last.busy) / total : 0;
    this.#last = now;
    return {
      version: this.version,
      vm_count: this.vmCount(),
      cpu_percent: percent(cpu),
      mem_percent: percent(1 - kibibytes(meminfo, "MemAvailable") / kibibytes(meminfo, "MemTotal")),
      default_runtime: this.runtime,
      uptime_ms: Math.round(clock.monotonicMs() - this.#startedMs),
    };
  }
}

/** The first line of /proc/stat; its fourth and fifth figures are idle and iowait (proc(5)). */
function cpuTimes(stat: string): CpuTimes {
  const ticks = (stat.split("\n", 1)[0] ?? "").split(/\s+/).slice(1, 9).map(Number);
  const total = ticks.reduce((sum, value) => sum + value, 0);
  return { total, busy: total - (ticks[3] ?? 0) - (ticks[4] ?? 0) };
}

function kibibytes(meminfo: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(meminfo)?.[1] ?? NaN);
}

function percent(share: number): number {
  return Number.isFinite(share) ? Math.round(Math.min(1, Math.max(0, share)) * 1_000) / 10 : 0;
}
