/** What the control plane costs, over machines that are objects: creates, memory, start-up. */
import { type DaemonProcess, startStandInDaemon } from "../daemon_process.ts";
import { residentMb } from "../process_memory.ts";
import type { Comparison } from "./report.ts";
import { median, percentile } from "./statistics.ts";

const CREATES = 500;
const CONCURRENCY = 8;
const MEMORY_VMS = 200;
const STARTS = 5;

/** Runs every load on daemons of its own. */
export async function compareControlPlane(note: (text: string) => void): Promise<Comparison[]> {
  await using daemon = await startStandInDaemon();
  note(`${CREATES} creates and as many look-ups`);
  const created = await timed((at) => daemon.client.vms.create({ name: `vm-${at}` }));
  const looked = await timed((at) => daemon.client.vms.get({ name: `vm-${at}` }));
  const deleted = await timed((at) => daemon.client.vms.delete({ name: `vm-${at}` }));
  return [
    compared("creates a second", "/s", created.perSecond, "look-ups of a VM", looked.perSecond),
    compared("create, p99", "ms", created.p99, "look-up of a VM, p99", looked.p99),
    compared("deletes a second", "/s", deleted.perSecond, "look-ups of a VM", looked.perSecond),
    await compareMemory(note),
    await compareStarts(note),
  ];
}

interface Timing {
  readonly perSecond: number;
  readonly p99: number;
}

/** Calls one after another in each of some lanes, as that many clients would. */
async function timed(call: (at: number) => Promise<unknown>): Promise<Timing> {
  const latencies: number[] = [];
  let next = 0;
  const started = performance.now();
  await Promise.all(Array.from({ length: CONCURRENCY }, async () => {
    while (next < CREATES) {
      const at = next++;
      const begun = performance.now();
      await call(at);
      latencies.push(performance.now() - begun);
    }
  }));
  const seconds = (performance.now() - started) / 1_000;
  return { perSecond: CREATES / seconds, p99: percentile(latencies, 99) };
}

async function compareMemory(note: (text: string) => void): Promise<Comparison> {
  note(`a daemon without VMs and with ${MEMORY_VMS}`);
  await using daemon = await startStandInDaemon();
  await createAndDelete(daemon);
  const empty = residentMb(daemon.pid);
  for (let at = 0; at < MEMORY_VMS; at++) await daemon.client.vms.create({ name: `vm-${at}` });
  return compared(
    `the daemon's memory with ${MEMORY_VMS} VMs`,
    "MB",
    residentMb(daemon.pid),
    "with none",
    empty,
  );
}

/** What a daemon loads and compiles at its first create is not what VMs cost. */
async function createAndDelete({ client }: DaemonProcess): Promise<void> {
  await client.vms.create({ name: "warm" });
  await client.vms.delete({ name: "warm" });
}

async function compareStarts(note: (text: string) => void): Promise<Comparison> {
  note("starts");
  const starts: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < STARTS; round++) {
    const started = performance.now();
    await using _daemon = await startStandInDaemon();
    starts.push(performance.now() - started);
    const begun = performance.now();
    await new Deno.Command(Deno.execPath(), { args: ["eval", "0"] }).output();
    bare.push(performance.now() - begun);
  }
  return compared(
    "from start to listening, out of the sources",
    "ms",
    median(starts),
    "an empty program of the same platform",
    median(bare),
  );
}

function compared(
  name: string,
  unit: string,
  subject: number,
  yardstick: string,
  against: number,
): Comparison {
  return {
    name: `${name}, against ${yardstick}`,
    subject: `${name}: ${subject.toFixed(1)} ${unit}`,
    yardstick: `${yardstick}: ${against.toFixed(1)} ${unit}`,
    ratio: subject / against,
  };
}
