/**
 * Goal: whoever logs in once in a real VM with a profile is logged in in the next VM with it, one VM
 * at a time writes to it, and its secrets stand nowhere in clear.
 * Method: two VMs under QEMU, one after the other, and a site that knows who is logged in.
 */
import assert from "node:assert/strict";
import type { ViperError } from "../../protocol/problems.ts";
import { type DaemonProcess, IMAGE_DIR, startDaemon } from "../daemon_process.ts";
import { type Ground, leavingNothing } from "../leaks.ts";
import {
  LOGGED_IN,
  LOGGED_OUT,
  logIn,
  onSite,
  SECRET,
  serveLoginSite,
  whoIs,
} from "../login_site.ts";
import { privateNetworkMissing } from "../private_network.ts";

/** Emulated guests share two cores. */
const READY_MS = 240_000;
const CALLS = { timeout_ms: 120_000 };
const HOST_IP = "192.168.127.1";
const PORT = 7_783;
const QEMU = [
  ...["--runtime", "qemu", "--image-dir", IMAGE_DIR],
  ...["--guest-open-ports", String(PORT)],
];
const WRITER = { name: "work", mode: "write_back" } as const;

const skip = privateNetworkMissing();
if (skip !== null) console.log(`tests of profiles in VMs are skipped: ${skip}`);

async function ready(
  { client }: DaemonProcess,
  name: string,
  profile: "work" | typeof WRITER,
): Promise<void> {
  await client.vms.create({ name, memory_mb: 768, profile });
  const { status, reason } = await client.vms.wait({ name, timeout_ms: READY_MS });
  assert.equal(status, "running", reason);
}

Deno.test({
  name: "a VM with a profile starts as the one before it ended",
  ignore: skip !== null,
  fn: (t) => leavingNothing((ground) => loggedInOnce(t, ground)),
});

async function loggedInOnce(t: Deno.TestContext, ground: Ground): Promise<void> {
  await using daemon = await startDaemon(QEMU, ground.newFolder());
  const { client } = daemon;
  await client.system.status({});
  await using site = serveLoginSite(HOST_IP, PORT);
  await client.profiles.create({ name: "work" });

  await t.step("the first VM logs in", async () => {
    await ready(daemon, "one", WRITER);
    const browser = client.browser("one");
    assert.deepEqual(await whoIs(browser, site.url, CALLS), LOGGED_OUT);
    await logIn(browser, site.url, CALLS);
    assert.deepEqual(await whoIs(browser, site.url, CALLS), LOGGED_IN);
  });

  await t.step("its stop writes the profile", async () => {
    assert.equal((await client.profiles.get({ name: "work" })).version, 1, "not before");
    const { status, reason } = await client.vms.stop({ name: "one", grace_ms: 0 });
    assert.deepEqual([status, reason], ["stopped", undefined]);
    const saved = await client.profiles.get({ name: "work" });
    assert.deepEqual([saved.version, saved.cookies, saved.origins], [2, 1, 1]);
    assert.deepEqual([saved.writer, saved.save_error], ["one", undefined]);
  });

  await t.step("a second writer is refused", async () => {
    await assert.rejects(
      client.vms.create({ name: "two", memory_mb: 768, profile: WRITER }),
      (error: ViperError) =>
        error.code === "profile_in_use" && error.status === 409 && /VM "one"/.test(error.message),
    );
    assert.deepEqual((await client.vms.list({})).map(({ name }) => name), ["one"]);
  });

  await t.step("the second VM starts logged in, and only reads", async () => {
    await ready(daemon, "two", "work");
    const browser = client.browser("two");
    assert.deepEqual(await whoIs(browser, site.url, CALLS), LOGGED_IN);
    await onSite(browser, site.url, "localStorage.token = 'changed'", CALLS);
    await assert.rejects(client.vms.saveProfile({ name: "two" }), { code: "profile_read_only" });
    await client.vms.delete({ name: "two" });
    assert.equal((await client.profiles.get({ name: "work" })).version, 2);
    const { origins } = await client.profiles.export({ name: "work" });
    assert.equal(origins[0]?.local_storage["token"], SECRET);
  });

  await t.step("its secret stands nowhere in clear", () => {
    const files = [...filesBelow(daemon.stateDir)];
    const names = files.map((path) => path.slice(daemon.stateDir.length + 1));
    assert.ok(names.includes("state.db") && names.includes("profiles.key"), names.join());
    assert.ok(names.some((name) => name.startsWith("logs/")), names.join());
    assert.deepEqual(files.filter(hasSecret), []);
    assert.ok(!JSON.stringify(daemon.log).includes(SECRET), "the daemon's log");
  });

  await client.vms.delete({ name: "one" });
  await client.profiles.delete({ name: "work" });
}

function* filesBelow(folder: string): Generator<string> {
  for (const { name, isFile, isDirectory } of Deno.readDirSync(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* filesBelow(path);
    else if (isFile) yield path;
  }
}

function hasSecret(path: string): boolean {
  return new TextDecoder("latin1").decode(Deno.readFileSync(path)).includes(SECRET);
}
