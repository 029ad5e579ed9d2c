/**
 * The whole life of a real VM under QEMU: its settings reach the guest, it is paused, taken over by
 * the next daemon, powered off, started again, and what it may reach is changed while it runs. The
 * profile that it writes to follows.
 */
import assert from "node:assert/strict";
import type { Vm } from "../../protocol/vms.ts";
import { type DaemonProcess, IMAGE_DIR, startDaemon } from "../daemon_process.ts";
import { assertUnchanged, type Ground, leavingNothing } from "../leaks.ts";
import { privateNetworkMissing } from "../private_network.ts";

/** Emulated guests share two cores. */
const READY_MS = 240_000;
const ACTION_MS = 120_000;
const QEMU = ["--runtime", "qemu", "--image-dir", IMAGE_DIR];
const FIRST_UID = 1_900_000_000;

const skip = privateNetworkMissing();
if (skip !== null) console.log(`tests of a VM's life are skipped: ${skip}`);

async function ready(daemon: DaemonProcess): Promise<Vm> {
  const vm = await daemon.client.vms.wait({
    name: "a",
    status: "running",
    timeout_ms: READY_MS,
  });
  return vm;
}

async function evaluate(daemon: DaemonProcess, expression: string): Promise<unknown> {
  const browser = daemon.client.browser("a");
  return (await browser.evaluate({ expression, timeout_ms: ACTION_MS })).result;
}

/** The profile grows by one with each save. */
async function profileVersion({ client }: DaemonProcess): Promise<number> {
  const { version, save_error } = await client.profiles.get({ name: "work" });
  assert.equal(save_error, undefined);
  return version;
}

/** One field of /proc/PID/status (proc(5)). */
function statusField(pid: number | undefined, name: string): string | undefined {
  const text = Deno.readTextFileSync(`/proc/${pid}/status`);
  return new RegExp(`^${name}:\\s+(.*)$`, "m").exec(text)?.[1];
}

Deno.test({
  name: "a VM lives through settings, pause, a new daemon, power-off and start",
  ignore: skip !== null,
  fn: (t) => leavingNothing((ground) => wholeLife(t, ground)),
});

async function wholeLife(t: Deno.TestContext, ground: Ground): Promise<void> {
  const first = await startDaemon([...QEMU, "--on-shutdown", "keep"], ground.newFolder());
  await first.client.system.status({});
  await first.client.profiles.create({ name: "work" });
  const idle = await ground.traces(first);
  await first.client.vms.create({
    name: "a",
    memory_mb: 1_024,
    profile: { name: "work", mode: "write_back" },
    kernel_cmdline: "viper.ipv6=1",
    labels: { team: "web" },
    environment: { VIPER_TEST: "two words" },
    chrome: {
      locale: "de-DE",
      timezone: "Asia/Tokyo",
      user_agent: "Viper Test/1.0 (two words)",
      viewport: { width: 800, height: 600, scale: 1 },
    },
  });
  const made = await ready(first);

  await t.step("its settings are the browser's", async () => {
    const seen = await evaluate(
      first,
      `[navigator.userAgent, navigator.language, innerWidth, innerHeight,
          Intl.DateTimeFormat().resolvedOptions().timeZone]`,
    );
    const expected = ["Viper Test/1.0 (two words)", "de-DE", 800, 600, "Asia/Tokyo"];
    assert.deepEqual(seen, expected);
  });

  await t.step("it has IPv6 inside, as it was asked for", async () => {
    const url = "http://[::1]:8099/";
    const going = first.client.browser("a").navigate({ url, timeout_ms: ACTION_MS });
    await assert.rejects(going, /ERR_CONNECTION_REFUSED/, "there is a loopback, and nobody on it");
  });

  await t.step("its process has a user of its own and no capability", () => {
    const uid = String(FIRST_UID + Number(made.ip_address?.split(".")[3]));
    assert.equal(statusField(made.pid, "Uid"), [uid, uid, uid, uid].join("\t"));
    assert.equal(statusField(made.pid, "CapEff"), "0000000000000000");
    assert.equal(statusField(made.pid, "NoNewPrivs"), "1");
    assert.match(Deno.readTextFileSync(`/proc/${made.pid}/cgroup`), new RegExp(made.id));
  });

  await t.step("it is paused and goes on", async () => {
    assert.equal((await first.client.vms.pause({ name: "a" })).status, "paused");
    await assert.rejects(evaluate(first, "1"), { code: "vm_not_running" });
    assert.equal((await first.client.vms.resume({ name: "a" })).status, "running");
    assert.equal(await evaluate(first, "globalThis.kept = 42"), 42);
  });

  await first.kill();
  await using daemon = await startDaemon(QEMU, first.stateDir);

  await t.step("the next daemon takes it over", async () => {
    const vm = await daemon.client.vms.get({ name: "a" });
    assert.deepEqual([vm.status, vm.pid], ["running", made.pid]);
    assert.equal(await evaluate(daemon, "globalThis.kept"), 42, "it is the same page");
  });

  await t.step("what it may reach changes while it runs", async () => {
    const vm = await daemon.client.vms.setEgress({ name: "a", egress: "none" });
    assert.equal(vm.egress, "none");
    assert.equal(await evaluate(daemon, "1 + 1"), 2, "its agent is reached still");
  });

  await t.step("it is powered off by its button and started again", async () => {
    const stopped = await daemon.client.vms.stop({ name: "a", grace_ms: 60_000 });
    assert.deepEqual([stopped.status, stopped.pid], ["stopped", undefined]);
    const log = `${daemon.stateDir}/logs/${made.id}.serial`;
    assert.match(Deno.readTextFileSync(log), /powering off: power button/);
    await daemon.client.vms.start({ name: "a" });
    const again = await ready(daemon);
    assert.deepEqual([again.id, again.ip_address], [made.id, made.ip_address]);
    assert.notEqual(again.pid, made.pid);
    assert.equal(await evaluate(daemon, "typeof globalThis.kept"), "undefined");
    assert.equal(await profileVersion(daemon), 2, "saved when it was stopped");
  });

  await t.step("nothing is left of it", async () => {
    await daemon.client.vms.delete({ name: "a" });
    assert.equal(await profileVersion(daemon), 3, "saved when it was deleted");
    await assertUnchanged(idle, () => ground.traces(daemon));
  });
}
