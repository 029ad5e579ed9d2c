/**
 * What becomes of a VM whose machine fails under it, with the real QEMU: killed, for want of memory,
 * too, hung, panicked, or silent. Each time the VM is told to have crashed, with the reason, and all
 * that it had is free at once.
 */
import assert from "node:assert/strict";
import type { Clock } from "../../host/host.ts";
import type { Vm } from "../../protocol/vms.ts";
import { IMAGE_FILES } from "../../protocol/images.ts";
import { writeGuest } from "../conformance/guest.ts";
import { IMAGE_DIR } from "../daemon_process.ts";
import { assertUnchanged, type Ground, leavingNothing } from "../leaks.ts";
import { privateNetworkMissing } from "../private_network.ts";
import { type OpenedDaemon, type OpenOptions, openTestDaemon, quietHost } from "./open_daemon.ts";

/** An emulated guest that does something may take so long. */
const GUEST_MS = 60_000;
/** How much faster than time a hurried clock runs. */
const HURRY = 10;
/** Bytes that no QEMU gets along with. */
const STARVING_BYTES = 16 * 1024 * 1024;

const skip = privateNetworkMissing();
if (skip !== null) console.log(`tests of failing machines are skipped: ${skip}`);

interface Scene {
  readonly daemon: OpenedDaemon;
  readonly ground: Ground;
  create(more?: object): Promise<Vm>;
  /** The VM when it has crashed; checks that it holds nothing any more. */
  crashed(): Promise<Vm>;
}

function machineTest(
  name: string,
  body: (scene: Scene) => Promise<void>,
  options: OpenOptions = {},
): void {
  const run = async (ground: Ground) => {
    const imageDir = await agentlessImage(ground.newFolder());
    const { flags = {} } = options;
    const settings = { ...options, flags: { imageDir, ...flags } };
    await using daemon = await openTestDaemon(ground.newFolder(), settings);
    const idle = await ground.traces();
    await body({
      daemon,
      ground,
      create: (more = {}) => daemon.client.vms.create({ name: "a", memory_mb: 256, ...more }),
      crashed: async () => {
        const startedMs = performance.now();
        const vm = await daemon.client.vms.wait({
          ...{ name: "a", status: "crashed", timeout_ms: GUEST_MS },
        });
        const tookMs = performance.now() - startedMs;
        console.log(`${vm.reason}: told after ${Math.round(tookMs)} ms`);
        assert.deepEqual([vm.pid, vm.ip_address], [undefined, undefined]);
        // Its logs say what happened, until it is deleted.
        const freed = async () => (await ground.traces()).filter((line) => !/\/logs\/./.test(line));
        await assertUnchanged(idle, freed);
        const { ip_address } = await daemon.client.vms.create({ name: "b", memory_mb: 256 });
        assert.equal(ip_address, "192.168.127.2", "its address is free");
        for (const name of ["a", "b"]) await daemon.client.vms.delete({ name });
        await assertUnchanged(idle, () => ground.traces());
        return vm;
      },
    });
  };
  Deno.test({ name, ignore: skip !== null, fn: () => leavingNothing(run) });
}

machineTest("a killed hypervisor is told by its signal, and frees all", async (scene) => {
  const { pid = 0 } = await scene.create();
  Deno.kill(pid, "SIGKILL");
  assert.match((await scene.crashed()).reason ?? "", /SIGKILL/);
});

machineTest("a hypervisor that the kernel ends for want of memory has crashed", async (scene) => {
  const { id, pid = 0 } = await scene.create();
  await using limit = starve(id, pid);
  assert.match((await scene.crashed()).reason ?? "", limit.reason);
  limit.assertKilled();
});

machineTest(
  "a hypervisor that hangs is noticed by the health watch and ended",
  async (scene) => {
    const { pid = 0 } = await scene.create();
    Deno.kill(pid, "SIGSTOP");
    const { reason } = await scene.crashed();
    assert.equal(reason, "the machine did not answer");
  },
  { host: { ...quietHost(), clock: hurriedClock(quietHost().clock) } },
);

machineTest(
  "a guest whose agent never announces is given up when its time to boot is over",
  async (scene) => {
    await scene.create({ kernel_cmdline: "viper.test=tick" });
    const { reason } = await scene.crashed();
    assert.equal(reason, "the agent was not ready in 3000 ms");
  },
  { flags: { bootTimeoutMs: "3000" } },
);

machineTest("a guest whose kernel panics has crashed, and the reason says so", async (scene) => {
  await scene.create({ kernel_cmdline: "viper.test=panic" });
  const { reason } = await scene.crashed();
  assert.equal(reason, "the machine ended: guest panic");
});

/** An image like the real one, whose guest does what its command line says, and has no agent. */
async function agentlessImage(folder: string): Promise<string> {
  const current = `${folder}/current`;
  await Deno.mkdir(current);
  for (const file of [IMAGE_FILES.kernel, IMAGE_FILES.root]) {
    await Deno.symlink(`${IMAGE_DIR}/current/${file}`, `${current}/${file}`);
  }
  const { initramfs } = IMAGE_FILES;
  await writeGuest(`${IMAGE_DIR}/current/${initramfs}`, `${current}/${initramfs}`);
  return folder;
}

/** All that waits does so for a tenth of its time. */
function hurriedClock(clock: Clock): Clock {
  return {
    ...clock,
    monotonicMs: () => clock.monotonicMs() * HURRY,
    sleep: (ms, signal) => clock.sleep(ms / HURRY, signal),
    every: (ms, callback) => clock.every(ms / HURRY, callback),
  };
}

/** A process that is short of memory. */
interface Starvation extends AsyncDisposable {
  /** What is told of it: a cgroup that Viper did not make says nothing to it. */
  readonly reason: RegExp;
  /** That it was the kernel's killer who ended it. */
  assertKilled(): void;
}

/**
 * Limits the memory of a process so that the kernel's killer ends it: by the VM's own cgroup, where
 * version 2 has memory, else by one of version 1 that is made for it. Where memory is version 1's,
 * the limit that Viper itself sets is not put to the test.
 */
function starve(vmId: string, pid: number): Starvation {
  const own = /^0::(.*)$/m.exec(Deno.readTextFileSync(`/proc/${pid}/cgroup`))?.[1] ?? "";
  const mounts = Deno.readTextFileSync("/proc/mounts").split("\n").map((line) => line.split(" "));
  const v2 = `${mounts.find(([, , type]) => type === "cgroup2")?.[1]}${own}/memory.max`;
  if (isFile(v2)) {
    Deno.writeTextFileSync(v2, `${STARVING_BYTES}`);
    // Its count goes with the cgroup.
    const undo = () => Promise.resolve();
    return { reason: /more memory/, assertKilled: () => {}, [Symbol.asyncDispose]: undo };
  }
  const v1 = mounts.find(([, , type, options]) =>
    type === "cgroup" && options?.split(",").includes("memory")
  )?.[1];
  assert.ok(v1 !== undefined, "there is a cgroup that limits memory");
  const folder = `${v1}/viper-test-${vmId}`;
  Deno.mkdirSync(folder);
  Deno.writeTextFileSync(`${folder}/memory.limit_in_bytes`, `${STARVING_BYTES}`);
  Deno.writeTextFileSync(`${folder}/cgroup.procs`, `${pid}`);
  return {
    reason: /SIGKILL/,
    assertKilled: () =>
      assert.match(Deno.readTextFileSync(`${folder}/memory.oom_control`), /^oom_kill 1$/m),
    [Symbol.asyncDispose]: () => Deno.remove(folder),
  };
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
