/**
 * Many lives of VMs through one daemon, one after the other: its memory and its open files stay as
 * they were. Once over machines that are objects, with real store, leases and taps; once with QEMU.
 */
import assert from "node:assert/strict";
import {
  type DaemonProcess,
  IMAGE_DIR,
  startDaemon,
  startStandInDaemon,
} from "../daemon_process.ts";
import { privateNetworkMissing } from "../private_network.ts";
import { residentMb } from "../process_memory.ts";

const STAND_IN_CYCLES = 500;
const QEMU_CYCLES = 20;
/** What is compiled, cached and pooled once is there after so many lives. */
const WARM_UP = 0.2;
const WARM_UP_REQUESTS = 3_000;
/** How much more a daemon may have resident at the end than when it was warm. */
const GROWTH_MAX = 1.1;
/** Memory is judged by the middle of so many looks, since a collector works when it likes. */
const LOOKS = 20;

const skip = privateNetworkMissing();
if (skip !== null) console.log(`soak tests are skipped: ${skip}`);

Deno.test({
  name: `a daemon is as big after ${STAND_IN_CYCLES} VMs of a stand-in runtime as before`,
  ignore: skip !== null,
  fn: async () => {
    await using daemon = await startStandInDaemon({ network: true, guestPort: "7778" });
    await soak(daemon, STAND_IN_CYCLES, {});
  },
});

Deno.test({
  name: `a daemon is as big after ${QEMU_CYCLES} VMs of QEMU as before`,
  ignore: skip !== null,
  fn: async () => {
    await using daemon = await startDaemon(["--runtime", "qemu", "--image-dir", IMAGE_DIR]);
    await soak(daemon, QEMU_CYCLES, { memory_mb: 256 });
  },
});

/** Fills the collector's room for young objects, which it then keeps, and what is compiled once. */
async function warmUp(daemon: DaemonProcess): Promise<void> {
  for (let at = 0; at < WARM_UP_REQUESTS; at++) await daemon.client.system.status({});
}

interface Size {
  readonly mb: number;
  readonly files: number;
}

async function soak(daemon: DaemonProcess, cycles: number, more: object): Promise<void> {
  await warmUp(daemon);
  const sizes: Size[] = [];
  for (let cycle = 0; cycle < cycles; cycle++) {
    const name = `soak-${cycle % 7}`;
    const { ip_address } = await daemon.client.vms.create({ name, ...more });
    assert.equal(ip_address, "192.168.127.2", "the address of the VM before is free again");
    await daemon.client.vms.delete({ name });
    sizes.push({ mb: residentMb(daemon.pid), files: openFiles(daemon.pid) });
  }
  assert.deepEqual(await daemon.client.vms.list({}), []);
  const warm = sizes.slice(Math.floor(cycles * WARM_UP));
  const looks = Math.min(LOOKS, Math.floor(warm.length / 2));
  const [before, after] = [middle(warm.slice(0, looks)), middle(warm.slice(-looks))];
  console.log(
    `${cycles} VMs: ${before.mb.toFixed(1)} MB warm, ${after.mb.toFixed(1)} MB at the end; ` +
      `${before.files} and ${after.files} open files`,
  );
  assert.ok(after.mb <= before.mb * GROWTH_MAX, `grew from ${before.mb} to ${after.mb} MB`);
  assert.ok(after.files <= before.files, `had ${before.files} open files, has ${after.files}`);
}

function middle(sizes: readonly Size[]): Size {
  const at = Math.floor(sizes.length / 2);
  const sorted = (pick: (size: Size) => number) => sizes.map(pick).sort((a, b) => a - b)[at] ?? 0;
  return { mb: sorted(({ mb }) => mb), files: sorted(({ files }) => files) };
}

function openFiles(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
}
