/**
 * Goal: whoever logs in once in a VM with a profile is logged in in every later VM with it, and what
 * the daemon keeps for that is secret, whole, and written by one VM at a time.
 * Method: the real daemon on runtime local with real Chromium, and a site that knows who is logged
 * in.
 */
import assert from "node:assert/strict";
import type { ViperError } from "../../protocol/problems.ts";
import type { InputOf } from "../../protocol/operation.ts";
import type { vmsCreate } from "../../protocol/vm_operations.ts";
import { type DaemonProcess, eventsUntil, startDaemon } from "../daemon_process.ts";
import {
  LOGGED_IN,
  LOGGED_OUT,
  logIn,
  onSite,
  SECRET,
  serveLoginSite,
  whoIs,
} from "../login_site.ts";
import { reached } from "./reached.ts";

const WAIT_MS = 30_000;
const LOCAL = ["--runtime", "local", "--guest-port", "0"];

async function ready(
  { client }: DaemonProcess,
  name: string,
  profile: InputOf<typeof vmsCreate>["profile"],
): Promise<void> {
  await client.vms.create({ name, ...(profile === undefined ? {} : { profile }) });
  const vm = await client.vms.wait({ name, timeout_ms: WAIT_MS });
  assert.equal(vm.status, "running", vm.reason);
}

const writeBack = { name: "work", mode: "write_back" } as const;

Deno.test("a VM with a profile starts logged in, and only a writer changes it", async () => {
  await using daemon = await startDaemon(LOCAL);
  await using site = serveLoginSite();
  const { client } = daemon;
  await client.profiles.create({ name: "work" });

  await ready(daemon, "one", writeBack);
  assert.deepEqual(await whoIs(client.browser("one"), site.url), LOGGED_OUT);
  await logIn(client.browser("one"), site.url);
  assert.deepEqual((await client.vms.get({ name: "one" })).profile, writeBack);
  await assert.rejects(
    client.vms.create({ name: "two", profile: writeBack }),
    (error: ViperError) =>
      error.code === "profile_in_use" && error.status === 409 && /VM "one"/.test(error.message),
  );
  await assert.rejects(client.profiles.delete({ name: "work" }), { code: "profile_in_use" });
  await client.vms.delete({ name: "one" });
  const saved = await client.profiles.get({ name: "work" });
  assert.deepEqual([saved.version, saved.cookies, saved.origins, saved.vms], [2, 1, 1, []]);
  assert.equal(saved.save_error, undefined);

  for (const path of ["state.db", "state.db-wal", "profiles.key"]) {
    const bytes = new TextDecoder("latin1").decode(Deno.readFileSync(`${daemon.stateDir}/${path}`));
    assert.ok(!bytes.includes(SECRET), `${path} has the secret in clear`);
  }
  assert.ok(!JSON.stringify(daemon.log).includes(SECRET), "the log has the secret");

  await ready(daemon, "reader", "work");
  assert.deepEqual(await whoIs(client.browser("reader"), site.url), LOGGED_IN);
  await onSite(client.browser("reader"), site.url, "localStorage.token = 'changed'");
  await client.vms.delete({ name: "reader" });
  assert.equal((await client.profiles.get({ name: "work" })).version, 2, "a reader writes nothing");

  await ready(daemon, "two", writeBack);
  assert.deepEqual(await whoIs(client.browser("two"), site.url), LOGGED_IN);
  await client.vms.stop({ name: "two", grace_ms: 0 });
  assert.equal((await client.profiles.get({ name: "work" })).version, 3);
  await client.vms.start({ name: "two" });
  await client.vms.wait({ name: "two", timeout_ms: WAIT_MS });
  assert.deepEqual(await whoIs(client.browser("two"), site.url), LOGGED_IN);
  await onSite(client.browser("two"), site.url, "localStorage.token = 'now'");
  await client.vms.saveProfile({ name: "two" });
  const { origins } = await client.profiles.export({ name: "work" });
  assert.equal(origins[0]?.local_storage["token"], "now");
});

Deno.test("a browser that is killed is logged in again, and its profile is not emptied", async () => {
  await using daemon = await startDaemon(LOCAL);
  await using site = serveLoginSite();
  const { client } = daemon;
  await client.profiles.create({ name: "work" });
  await ready(daemon, "one", writeBack);
  await logIn(client.browser("one"), site.url);
  await client.vms.saveProfile({ name: "one" });
  const { id } = await client.vms.get({ name: "one" });
  Deno.kill(chromeOf(id), "SIGKILL");
  await eventsUntil(daemon, 0, (all) => all.at(-1)?.type === "VM_BROWSER_RESTARTED", WAIT_MS);
  await reached(async () => {
    const { attached } = await client.browser("one").extractProfile({});
    return attached || undefined;
  });
  assert.deepEqual(await whoIs(client.browser("one"), site.url), LOGGED_IN);
  await client.vms.delete({ name: "one" });
  const { version, origins, save_error } = await client.profiles.get({ name: "work" });
  assert.deepEqual([version, origins, save_error], [3, 1, undefined]);
});

/** The process of a VM's Chrome that has the others; all of them carry the VM's id. */
function chromeOf(vmId: string): number {
  for (const { name } of Deno.readDirSync("/proc")) {
    try {
      const command = Deno.readTextFileSync(`/proc/${name}/cmdline`);
      const isMain = command.includes("--remote-debugging-port") && !command.includes("--type=");
      const isOfVm = Deno.readTextFileSync(`/proc/${name}/environ`).includes(vmId);
      if (isMain && isOfVm) return Number(name);
    } catch {
      // It is no process, or has ended.
    }
  }
  throw new Error(`Cannot find the Chrome of VM "${vmId}"`);
}

Deno.test("a killed daemon's profile, its writer and its lock are there after it", async () => {
  const daemon = await startDaemon([...LOCAL, "--on-shutdown", "keep"]);
  await using site = serveLoginSite();
  await daemon.client.profiles.create({ name: "work" });
  await ready(daemon, "one", writeBack);
  await logIn(daemon.client.browser("one"), site.url);
  await daemon.kill();
  const again = await startDaemon([...LOCAL, "--on-shutdown", "keep"], daemon.stateDir);
  await assert.rejects(again.client.vms.create({ name: "two", profile: writeBack }), {
    code: "profile_in_use",
  });
  await again.client.vms.delete({ name: "one" });
  assert.equal((await again.client.profiles.get({ name: "work" })).version, 2);
  assert.equal(await again.stop(), 0);

  const key = `${daemon.stateDir}/profiles.key`;
  const good = Deno.readTextFileSync(key);
  Deno.writeTextFileSync(key, `${"0".repeat(64)}\n`);
  await using last = await startDaemon(LOCAL, daemon.stateDir);
  await assert.rejects(last.client.profiles.export({ name: "work" }), {
    code: "profile_key_wrong",
  });
  await assert.rejects(last.client.profiles.create({ name: "more" }), {
    code: "profile_key_wrong",
  });
  await last.client.vms.create({ name: "two", profile: writeBack });
  const crashed = await last.client.vms.wait({ name: "two", timeout_ms: WAIT_MS });
  assert.equal(crashed.status, "crashed");
  assert.match(crashed.reason ?? "", /^its profile was not attached: .*it holds key/);
  Deno.writeTextFileSync(key, good);
  await last.client.vms.start({ name: "two" });
  await last.client.vms.wait({ name: "two", timeout_ms: WAIT_MS });
  assert.deepEqual(await whoIs(last.client.browser("two"), site.url), LOGGED_IN);
});
