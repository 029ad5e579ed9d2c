/**
 * Real VMs under QEMU, made by the real daemon, in a network namespace of the test's own: the main
 * job, isolation between VMs and from the host, crashes, and what a guest without an agent does.
 * After each test the host is as it was before.
 */
import assert from "node:assert/strict";
import type { Vm } from "../../protocol/vms.ts";
import type { ViperError } from "../../protocol/problems.ts";
import { DEMO_PAGE } from "../../cli/demo/page.ts";
import { type DaemonProcess, eventsUntil, IMAGE_DIR, startDaemon } from "../daemon_process.ts";
import { assertUnchanged, type Ground, leavingNothing } from "../leaks.ts";
import { decodePng } from "../png.ts";
import { privateNetworkMissing } from "../private_network.ts";

/** Emulated guests share two cores. */
const READY_MS = 240_000;
const ACTION_MS = 120_000;
const HOST_IP = "192.168.127.1";
const PAGE_PORT = 7780;
const CLOSED_PORT = 7781;
const QEMU = [
  ...["--runtime", "qemu", "--image-dir", IMAGE_DIR],
  ...["--guest-open-ports", String(PAGE_PORT)],
];

const skip = privateNetworkMissing();
if (skip !== null) console.log(`end-to-end tests are skipped: ${skip}`);

function vmTest(name: string, body: (ground: Ground) => Promise<void>): void {
  Deno.test({ name, ignore: skip !== null, fn: () => leavingNothing(body) });
}

function servePage(port: number): Deno.HttpServer {
  const headers = { "content-type": "text/html; charset=utf-8" };
  return Deno.serve(
    { hostname: HOST_IP, port, onListen: () => {} },
    () => new Response(DEMO_PAGE, { headers }),
  );
}

async function create(daemon: DaemonProcess, name: string, more: object = {}): Promise<Vm> {
  const vm = await daemon.client.vms.create({ name, memory_mb: 1024, ...more });
  assert.equal(vm.status, "starting");
  return vm;
}

async function ready(daemon: DaemonProcess, name: string): Promise<Vm> {
  const vm = await daemon.client.vms.wait({ name, timeout_ms: READY_MS });
  assert.equal(vm.status, "running", `${vm.reason}; console: ${consoleOf(daemon, vm)}`);
  return vm;
}

function consoleOf(daemon: DaemonProcess, vm: Pick<Vm, "id">): string {
  return Deno.readTextFileSync(`${daemon.stateDir}/logs/${vm.id}.serial`);
}

async function loadsNot(daemon: DaemonProcess, name: string, url: string): Promise<void> {
  const loading = daemon.client.browser(name).navigate({ url, timeout_ms: 20_000 });
  const refused = ["navigation_failed", "timeout"];
  await assert.rejects(loading, ({ code }: ViperError) => refused.includes(code), url);
}

async function drive(daemon: DaemonProcess, name: string): Promise<void> {
  const browser = daemon.client.browser(name);
  const timeout_ms = ACTION_MS;
  const { http_status } = await browser.navigate({
    url: `http://${HOST_IP}:${PAGE_PORT}/`,
    timeout_ms,
  });
  assert.equal(http_status, 200);
  await browser.click({ selector: "#count", timeout_ms });
  await browser.type({ selector: "#words", value: `from ${name}`, timeout_ms });
  const { text } = await browser.getText({ selector: "main", timeout_ms });
  assert.match(text, /clicked 1 time\b/);
  assert.match(text, new RegExp(`from ${name}`));
  const { root } = await browser.snapshot({ format: "tree", timeout_ms });
  assert.match(JSON.stringify(root), /"role":"button","name":"Click me"/);
  const { data } = await browser.screenshot({ timeout_ms });
  const picture = decodePng(Uint8Array.fromBase64(data));
  assert.deepEqual([picture.width, picture.height], [1280, 720]);
  // The page's own background, the card's, and the button's.
  assert.deepEqual(picture.pixel(5, 5), [0x10, 0x24, 0x1c]);
  assert.deepEqual(picture.pixel(640, 70), [0x17, 0x3a, 0x2c]);
  assert.deepEqual(picture.pixel(366, 260), [0x7b, 0xe0, 0xa4]);
}

vmTest("two VMs work at once, apart from each other and the host", async (ground) => {
  await using daemon = await startDaemon(QEMU, ground.newFolder());
  await daemon.client.system.status({});
  const idle = await ground.traces(daemon);
  await using _page = servePage(PAGE_PORT);
  await using _closed = servePage(CLOSED_PORT);
  const a = await create(daemon, "a");
  const b = await create(daemon, "b");
  assert.deepEqual([a.runtime, a.ip_address, b.ip_address], [
    "qemu",
    "192.168.127.2",
    "192.168.127.3",
  ]);
  assert.ok(a.accel === "tcg" || a.accel === "kvm");
  await Promise.all([ready(daemon, "a"), ready(daemon, "b")]);
  assert.match(consoleOf(daemon, a), /network up/);
  assert.match(consoleOf(daemon, a), /agent started/);

  await drive(daemon, "a");
  await drive(daemon, "b");
  for (const [stream, words] of [["agent", "Ready"], ["browser", "DevTools"]] as const) {
    const { lines } = await daemon.client.logs.read({ name: "a", stream });
    assert.ok(lines.some(({ line }) => line.includes(words)), `${stream}: ${words}`);
  }

  await loadsNot(daemon, "a", `http://${b.ip_address}:8080/healthz`);
  await loadsNot(daemon, "b", `http://${a.ip_address}:8080/healthz`);
  await loadsNot(daemon, "a", `http://${HOST_IP}:${CLOSED_PORT}/`);
  const overIpv6 = daemon.client.browser("a").navigate({ url: "http://[::1]:8099/" });
  await assert.rejects(overIpv6, /ERR_ADDRESS_/, "IPv6 is off, even inside");
  const url = `http://${HOST_IP}:${PAGE_PORT}/`;
  await daemon.client.browser("a").navigate({ url, timeout_ms: ACTION_MS });

  await assert.rejects(
    daemon.client.vms.create({ name: "a" }),
    (error: ViperError) => error.code === "vm_exists" && error.status === 409,
  );

  Deno.kill(b.pid ?? 0, "SIGKILL");
  await eventsUntil(daemon, 0, (all) => all.some(({ type }) => type === "VM_CRASHED"), 30_000);
  assert.equal((await daemon.client.vms.get({ name: "b" })).status, "crashed");
  const c = await create(daemon, "c");
  assert.equal(c.ip_address, b.ip_address, "the crash gave the address back");
  assert.deepEqual(await daemon.client.browser("a").evaluate({ expression: "6 * 7" }), {
    result: 42,
  });

  for (const name of ["a", "b", "c"]) await daemon.client.vms.delete({ name });
  assert.deepEqual(await daemon.client.vms.list({}), []);
  await assertUnchanged(idle, () => ground.traces(daemon));
  const events = await eventsUntil(
    daemon,
    0,
    (all) => all.filter(({ type }) => type === "VM_DELETED").length === 3,
    30_000,
  );
  assert.equal(events.filter(({ type }) => type === "VM_CRASHED").length, 1);
});

vmTest("the layout of one archive boots, too", async (ground) => {
  await using daemon = await startDaemon(QEMU, ground.newFolder());
  await create(daemon, "whole", { layout: "initramfs", memory_mb: 2048 });
  const vm = await ready(daemon, "whole");
  assert.match(consoleOf(daemon, vm), /root in memory/);
  const { result } = await daemon.client.browser("whole").evaluate({
    expression: "navigator.userAgent",
    timeout_ms: ACTION_MS,
  });
  assert.match(String(result), /Chrome\//);
});

vmTest(
  "a guest whose agent cannot live powers off with the reason on its console",
  async (ground) => {
    await using daemon = await startDaemon(QEMU, ground.newFolder());
    // The agent listens on its leased address, which this guest does not have.
    const elsewhere = `ip=10.9.8.7::${HOST_IP}:255.255.255.0:lost:eth0:off`;
    const vm = await create(daemon, "lost", { kernel_cmdline: elsewhere });
    const ended = await daemon.client.vms.wait({ name: "lost", timeout_ms: READY_MS });
    assert.equal(ended.status, "crashed");
    assert.match(consoleOf(daemon, vm), /powering off: agent died 5 times in 60 s, last exit 1/);
  },
);
