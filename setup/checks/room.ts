/** Room on disk and in memory. */
import type { Host } from "../../host/host.ts";
import type { Check, Finding } from "../finding.ts";

/** Below these a new VM, or a new image, may not fit; below a tenth the daemon may not run. */
const DISK_FREE_MB_MIN = 2_048;
const MEMORY_FREE_MB_MIN = 2_560;
const SEVERE_SHARE = 0.1;

/** What is free on the disks of state, image and logs, and in memory. */
export const checkRoom: Check = async ({ host, config }) => {
  const disks = new Map<string, Finding>();
  for (const path of [config.dbPath, config.imageDir, config.logDir]) {
    const { mount, freeMb } = await diskOf(host, path);
    const mend = `free some, or choose folders on another disk`;
    disks.set(mount, judge(`disk ${mount}`, freeMb, DISK_FREE_MB_MIN, mend));
  }
  const meminfo = await host.files.readText("doctor.room:memory", "/proc/meminfo");
  const freeMb = Number(/^MemAvailable:\s+(\d+) kB/m.exec(meminfo)?.[1] ?? NaN) / 1_024;
  const mend = "end other programs, or add memory";
  return [...disks.values(), judge("memory", freeMb, MEMORY_FREE_MB_MIN, mend)];
};

function judge(check: string, freeMb: number, minMb: number, mend: string): Finding {
  const seen = `${Math.floor(freeMb)} MB free`;
  if (freeMb >= minMb) return { check, status: "pass", seen };
  const status = freeMb < minMb * SEVERE_SHARE ? "fail" : "warn";
  return { check, status, seen: `${seen}, of ${minMb} MB that are good to have`, mend };
}

/** The disk of a path, or of the folder above that there is. */
async function diskOf(host: Host, path: string): Promise<{ mount: string; freeMb: number }> {
  let at = path;
  while (at !== "" && await host.files.realPath("doctor.room:resolve", at) === null) {
    at = at.slice(0, at.lastIndexOf("/"));
  }
  const argv = ["df", "--output=target,avail", "--block-size=1M", at || "/"];
  const { stdout } = await host.run("doctor.room:disk", argv);
  const match = /^(.*?)\s+(\d+)$/.exec(stdout.trim().split("\n").at(-1) ?? "");
  return { mount: match?.[1] ?? at, freeMb: Number(match?.[2] ?? NaN) };
}
