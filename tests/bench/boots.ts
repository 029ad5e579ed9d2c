/** From create to ready: layouts against each other, and Viper against a bare QEMU. */
import type { Accel, ImageLayout } from "../../protocol/vms.ts";
import { type DaemonProcess, IMAGE_DIR, startDaemon } from "../daemon_process.ts";
import { bareBootMs } from "./bare_qemu.ts";
import type { Comparison } from "./report.ts";
import { median, spread } from "./statistics.ts";

const READY_TIMEOUT_MS = 240_000;
/** Room for the layout that keeps its root in memory. */
const MEMORY_MB = 2_048;

interface Boot {
  readonly ms: number;
  readonly usedMb: number;
  readonly accel: Accel;
}

/** Boots each kind `rounds` times, in turn, so that noise falls on all. */
export async function compareBoots(
  rounds: number,
  note: (text: string) => void,
): Promise<Comparison[]> {
  await using daemon = await startDaemon(["--runtime", "qemu", "--image-dir", IMAGE_DIR]);
  const disk: Boot[] = [];
  const archive: Boot[] = [];
  const bare: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    note(`boots, round ${round} of ${rounds}`);
    const boot = await bootOnce(daemon, "disk");
    disk.push(boot);
    bare.push(await bareBootMs(IMAGE_DIR, boot.accel, MEMORY_MB));
    archive.push(await bootOnce(daemon, "initramfs"));
  }
  const [diskMs, archiveMs] = [disk, archive].map((boots) => boots.map(({ ms }) => ms / 1_000));
  const [diskMb, archiveMb] = [disk, archive].map((boots) => boots.map(({ usedMb }) => usedMb));
  const bareS = bare.map((ms) => ms / 1_000);
  return [
    compared("create to ready: disk layout against initramfs layout", "s", 0.35, {
      "disk layout": diskMs ?? [],
      "initramfs layout": archiveMs ?? [],
    }),
    compared("guest memory used at ready: disk layout against initramfs layout", "MB", 0.45, {
      "disk layout": diskMb ?? [],
      "initramfs layout": archiveMb ?? [],
    }),
    compared("create to ready: Viper against a bare QEMU", "s", 1.25, {
      "Viper, disk layout": diskMs ?? [],
      "bare QEMU, same kernel, root and Chrome": bareS,
    }),
  ];
}

/** Compares the medians of two named series: subject first, yardstick second. */
function compared(
  name: string,
  unit: string,
  atMost: number,
  series: Record<string, number[]>,
): Comparison {
  const [subject, yardstick] = Object.entries(series).map(([label, samples]) => ({
    middle: median(samples),
    text: `${label}: median ${median(samples).toFixed(1)} ${unit} (${spread(samples, unit)})`,
  }));
  if (subject === undefined || yardstick === undefined) throw new RangeError("Two series");
  return {
    name,
    subject: subject.text,
    yardstick: yardstick.text,
    ratio: subject.middle / yardstick.middle,
    target: { atMost },
  };
}

async function bootOnce(daemon: DaemonProcess, layout: ImageLayout): Promise<Boot> {
  const { vms } = daemon.client;
  const name = "bench";
  const started = performance.now();
  const { accel } = await vms.create({ name, layout, memory_mb: MEMORY_MB });
  const vm = await vms.wait({ name, timeout_ms: READY_TIMEOUT_MS });
  const ms = performance.now() - started;
  if (vm.status !== "running") throw new Error(`The VM is ${vm.status}: ${vm.reason}`);
  const response = await daemon.fetch(`/api/v1/vms/${name}/agent/healthz`);
  const { mem_total_mb, mem_available_mb } = await response.json();
  await vms.delete({ name });
  return { ms, usedMb: mem_total_mb - mem_available_mb, accel };
}
