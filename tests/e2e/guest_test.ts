/**
 * Goal: what a real guest is like for its browser: whose process it is, and what shuts its pages in.
 * Method: one VM under QEMU, looked at through its agent and its pages.
 */
import assert from "node:assert/strict";
import { missingGlyphs, WRITINGS } from "../../images/glyphs.ts";
import type { EventGap, VmEvent } from "../../protocol/events.ts";
import { type DaemonProcess, eventsUntil, IMAGE_DIR, startDaemon } from "../daemon_process.ts";
import { type Ground, leavingNothing } from "../leaks.ts";
import { startAskingProxy } from "../functional/asking_proxy.ts";
import { makeAuthority } from "../functional/certificate.ts";
import { privateNetworkMissing } from "../private_network.ts";

/** Emulated guests share two cores. */
const READY_MS = 240_000;
const ACTION_MS = 120_000;
const QEMU = ["--runtime", "qemu", "--image-dir", IMAGE_DIR];
const HOST_IP = "192.168.127.1";
const PROXY_PORT = 7_782;
/** The guest's user without rights, as `images/trim.ts` makes it. */
const GUEST_UID = 1_000;

const skip = privateNetworkMissing();
if (skip !== null) console.log(`tests of the guest are skipped: ${skip}`);

interface Health {
  readonly browser_uid?: number;
  readonly browser_sandbox?: string;
  readonly browser_restarts: number;
  readonly uptime: number;
}

const isPageCrash = (event: VmEvent | EventGap): event is VmEvent =>
  event.type === "VM_PAGE_CRASHED";

async function healthOf(daemon: DaemonProcess): Promise<Health> {
  const response = await daemon.fetch("/api/v1/vms/a/agent/healthz");
  assert.equal(response.status, 200);
  return await response.json();
}

Deno.test({
  name: "a guest's browser is shut in, and complete",
  ignore: skip !== null,
  fn: (t) => leavingNothing((ground) => guestOf(t, ground)),
});

Deno.test({
  name: "a guest's browser trusts its VM's authority, and tells its VM's proxy the password",
  ignore: skip !== null,
  fn: () => leavingNothing(surroundingsOf),
});

async function surroundingsOf(ground: Ground): Promise<void> {
  const authority = await makeAuthority(ground.newFolder());
  assert.ok(authority !== null, "these tests need openssl");
  const flags = [...QEMU, "--guest-open-ports", String(PROXY_PORT)];
  await using daemon = await startDaemon(flags, ground.newFolder());
  await daemon.client.system.status({});
  const { cert, key, ca } = authority;
  await using site = Deno.serve(
    { hostname: "127.0.0.1", port: 0, cert, key, onListen: () => {} },
    () => new Response("<title>private</title>", { headers: { "content-type": "text/html" } }),
  );
  const secret = { username: "user", password: "5ec2e7-password" };
  const listen = { hostname: HOST_IP, port: PROXY_PORT };
  using proxy = await startAskingProxy({ ...secret, port: site.addr.port }, listen);
  const made = await daemon.client.vms.create({
    name: "a",
    memory_mb: 768,
    chrome: {
      ca_certificates: [ca],
      proxy: { server: `http://${HOST_IP}:${PROXY_PORT}`, ...secret },
    },
  });
  const vm = await daemon.client.vms.wait({ name: "a", status: "running", timeout_ms: READY_MS });
  const browser = daemon.client.browser("a");
  const url = "https://localhost.test/";
  const timeout_ms = ACTION_MS;
  await assert.rejects(browser.navigate({ url, timeout_ms }), /ERR_CERT_COMMON_NAME_INVALID/);
  const { title } = await browser.navigate({ url: `https://${HOST_IP}/`, timeout_ms });
  assert.equal(title, "private");
  assert.deepEqual([proxy.let.length > 1, proxy.refused], [true, []]);
  assert.equal((await healthOf(daemon)).browser_sandbox, "on");

  const { lines } = await daemon.client.logs.read({ name: "a" });
  const said = JSON.stringify([made, vm, lines, daemon.log]);
  assert.ok(!said.includes("5ec2e7"), "the password is told to nobody else");
}

async function guestOf(t: Deno.TestContext, ground: Ground): Promise<void> {
  await using daemon = await startDaemon(QEMU, ground.newFolder());
  await daemon.client.vms.create({ name: "a", memory_mb: 768 });
  await daemon.client.vms.wait({ name: "a", status: "running", timeout_ms: READY_MS });
  const browser = daemon.client.browser("a");
  const timeout_ms = ACTION_MS;

  await t.step("Chrome runs as a user without rights, in its own sandbox", async () => {
    await browser.evaluate({ expression: "1", timeout_ms });
    const { browser_uid, browser_sandbox } = await healthOf(daemon);
    assert.deepEqual({ browser_uid, browser_sandbox }, {
      browser_uid: GUEST_UID,
      browser_sandbox: "on",
    });
  });

  await t.step("it can write what people read", async () => {
    const expression = missingGlyphs({ ...WRITINGS, Ugaritic: "𐎀" });
    const { result } = await browser.evaluate({ expression, timeout_ms });
    assert.deepEqual(result, ["Ugaritic"], "which no image has");
  });

  await t.step("a page that takes all memory is ended, and nothing else", async () => {
    const before = await healthOf(daemon);
    const expression = "for (const hog = [];;) hog.push(new Uint8Array(2 ** 24).fill(1))";
    await assert.rejects(browser.evaluate({ expression, timeout_ms }), { code: "page_crashed" });
    const events = await eventsUntil(daemon, 0, (all) => all.some(isPageCrash), ACTION_MS);
    const crashes = events.filter(isPageCrash);
    assert.equal(crashes.length, 1);
    assert.match(crashes[0]?.message ?? "", /ran out of memory/);
    assert.equal(crashes[0]?.url, "about:blank");

    const url = "data:text/html,<title>Back</title>";
    assert.equal((await browser.navigate({ url, timeout_ms })).title, "Back");
    const after = await healthOf(daemon);
    assert.ok(after.uptime > before.uptime, "the agent is the same");
    assert.equal(after.browser_restarts, 0, "and so is Chrome");
  });
}
