/**
 * `viper setup` and its undo on a real kernel, in a network namespace and a file root of the
 * test's own: what undo leaves is what was there before, also when the Nth host call failed.
 *
 * systemd cannot run here, so `systemctl` is a stand-in that records; so are the programs that add
 * users and packages. `ip`, `iptables` and the sysctls are real.
 */
import assert from "node:assert/strict";
import { denoHost } from "../../host/deno_host.ts";
import type { Host } from "../../host/host.ts";
import type { Listener, Outcome } from "../../setup/perform.ts";
import { prepareSetup, runSetup, type SetupRequest, undoSetup } from "../../setup/setup.ts";
import { privateNetworkMissing } from "../private_network.ts";
import { faultHost, InjectedFault } from "./fault_host.ts";
import { hostSnapshot } from "./host_snapshot.ts";
import { standInSystem } from "./stand_in_system.ts";

/** More labelled calls than a setup makes. */
const CALLS_MAX = 400;
const EVERYTHING = { packages: true, data: true };

const real = { ...denoHost({ log: () => {} }), env: {} };
const signal = new AbortController().signal;
const skip = privateNetworkMissing();
if (skip !== null) console.log(`setup tests are skipped: ${skip}`);

function hostTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: skip !== null, fn });
}

function request(root: string, flags: SetupRequest["flags"] = {}): SetupRequest {
  return {
    flags,
    root,
    program: ["/usr/local/bin/viper"],
    serviceFile: "/etc/systemd/system/viper-server.service",
    start: true,
  };
}

/** Sets up and returns how each step ended. */
async function setUp(root: string, host: Host = real, flags = {}): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  const listener: Listener = {
    begins: () => {},
    ends: (title, outcome) => void outcomes.set(title, outcome),
  };
  const prepared = await prepareSetup(request(root, flags), host);
  await runSetup(prepared, root, host, { listener, signal });
  return outcomes;
}

async function undo(root: string, options = EVERYTHING, host: Host = real) {
  const listener: Listener = { begins: () => {}, ends: () => {} };
  return await undoSetup(root, host, options, { listener, signal });
}

/** Hosts as they may be found: each prepares, and returns what cleans up after the test. */
const HOSTS: Readonly<Record<string, (root: string) => Promise<AsyncDisposable>>> = {
  "a new one": async () => {
    // Rules of the owner's, so that the tables are there before and after.
    await command("iptables", "-A", "FORWARD", "-i", "lo", "-j", "ACCEPT");
    await command("iptables", "-t", "nat", "-A", "POSTROUTING", "-o", "lo", "-j", "RETURN");
    const redirects = "/proc/sys/net/ipv4/conf/all/accept_redirects";
    const before = await Deno.readTextFile(redirects);
    // Not what the kernel sets when forwarding goes off.
    await Deno.writeTextFile(redirects, "0");
    return cleanup(async () => {
      await Deno.writeTextFile(redirects, before);
      await command("iptables", "-D", "FORWARD", "-i", "lo", "-j", "ACCEPT");
      await command("iptables", "-t", "nat", "-D", "POSTROUTING", "-o", "lo", "-j", "RETURN");
    });
  },
  "one where much is there already": async (root) => {
    const forwarding = "/proc/sys/net/ipv4/ip_forward";
    await Deno.writeTextFile(forwarding, "1");
    await command("ip", "link", "add", "viperbr0", "type", "bridge");
    // A device that was never up has no queue, and gets none back.
    await command("ip", "link", "set", "viperbr0", "up");
    await command("ip", "link", "set", "viperbr0", "down");
    await Deno.writeTextFile(`${root}/etc/group`, "viper:x:4800:somebody\n", { append: true });
    await Deno.mkdir(`${root}/var/log/viper`, { mode: 0o700 });
    await Deno.writeTextFile(`${root}/var/log/viper/another.log`, "keep me\n");
    await Deno.mkdir(`${root}/etc/viper`);
    const env = 'MINE="1"\nVIPER_API_KEY=hush\n';
    await Deno.writeTextFile(`${root}/etc/viper/viper.env`, env, { mode: 0o640 });
    const unit = `${root}/etc/systemd/system/viper-server.service`;
    await Deno.writeTextFile(unit, "[Service]\nExecStart=/opt/old\n");
    await command("systemctl", "daemon-reload");
    await command("systemctl", "enable", "viper-server.service");
    return cleanup(async () => {
      await command("ip", "link", "delete", "viperbr0");
      await Deno.writeTextFile(forwarding, "0");
    });
  },
};

for (const [name, prepare] of Object.entries(HOSTS)) {
  hostTest(`undo after setup leaves the host as it was: ${name}`, async () => {
    await using system = await standInSystem();
    await using _prepared = await prepare(system.root);
    const before = await hostSnapshot(system.root);
    await setUp(system.root);
    const during = await hostSnapshot(system.root);
    assert.match(during, /viper-server\.service\.active/);
    assert.match(during, /VIPER_BRIDGE="viperbr0"/);
    assert.match(during, /192\.168\.127\.1/);
    assert.match(during, /ip_forward 1/);
    assert.match(during, /-A VIPER/);
    assert.deepEqual(await undo(system.root), []);
    assertSame(await hostSnapshot(system.root), before);
    assert.deepEqual(await undo(system.root), [], "a second undo finds nothing");
    assertSame(await hostSnapshot(system.root), before);
  });

  hostTest(`setup twice changes nothing the second time: ${name}`, async () => {
    await using system = await standInSystem();
    await using _prepared = await prepare(system.root);
    await setUp(system.root);
    const once = await hostSnapshot(system.root);
    const outcomes = await setUp(system.root);
    assert.deepEqual([...new Set(outcomes.values())], ["already"]);
    assertSame(await hostSnapshot(system.root), once);
    await undo(system.root);
  });
}

/** Looks change nothing: to fail one is to fail the change that follows it. */
const LOOK = /(look|read|list|resolve|save|simulate|installed|ports)(_undo)?$/;

for (const persistent of [false, true]) {
  const how = persistent ? "every call from the Nth on fails" : "the Nth change fails once";
  hostTest(`undo after a setup in which ${how} leaves the host as it was`, async () => {
    let failures = 0;
    // A setup ends at its first failure, so that the second round is much like the first.
    for (let failAt = 1; failAt <= CALLS_MAX; failAt += persistent ? 3 : 1) {
      await using system = await standInSystem();
      await using _prepared = await HOSTS["a new one"]!(system.root);
      const before = await hostSnapshot(system.root);
      const plan = persistent ? {} : { exempt: (label: string) => LOOK.test(label) };
      const host = faultHost(real, { failAt, persistent, ...plan });
      const error = await setUp(system.root, host).then(() => null, (error) => error);
      if (host.fault.label === null) {
        assert.equal(error, null);
        await undo(system.root);
        break;
      }
      failures++;
      assert.ok(error !== null, `${failAt}: ${host.fault.label} did not matter`);
      assert.ok(isInjected(error), String(error));
      await undo(system.root);
      assertSame(await hostSnapshot(system.root), before, `${failAt}: ${host.fault.label}`);
    }
    assert.ok(failures > 20 && failures < CALLS_MAX, `${failures} calls failed`);
  });
}

hostTest("an undo whose Nth call fails is made good by another undo", async () => {
  // Each step takes a few calls; every third falls into each of them.
  for (let failAt = 1; failAt <= CALLS_MAX; failAt += 3) {
    await using system = await standInSystem();
    await using _prepared = await HOSTS["a new one"]!(system.root);
    const before = await hostSnapshot(system.root);
    await setUp(system.root);
    const exempt = (label: string) => LOOK.test(label);
    const host = faultHost(real, { failAt, persistent: true, exempt });
    await undo(system.root, EVERYTHING, host).catch((error) => assert.ok(isInjected(error)));
    await undo(system.root);
    assertSame(await hostSnapshot(system.root), before, `${failAt}: ${host.fault.label}`);
    if (host.fault.label === null) return;
  }
  assert.fail("undo makes no end of calls");
});

hostTest("undo keeps packages and data unless it is asked for them", async () => {
  await using system = await standInSystem();
  await using _prepared = await HOSTS["a new one"]!(system.root);
  const before = await hostSnapshot(system.root);
  await setUp(system.root);
  await Deno.writeTextFile(`${system.root}/var/lib/viper/state.db`, "rows");
  const kept = await undo(system.root, { packages: false, data: false });
  assert.deepEqual(kept.map(({ what }) => what.replace(system.root, "")), [
    "folder /var/lib/viper",
    "packages util-linux qemu-system-x86 libdependency",
  ]);
  assert.deepEqual(await undo(system.root), [], "a later undo still knows of them");
  assertSame(await hostSnapshot(system.root), before);
});

hostTest("setup again with other settings changes these alone, and undo knows both", async () => {
  await using system = await standInSystem();
  await using _prepared = await HOSTS["one where much is there already"]!(system.root);
  const before = await hostSnapshot(system.root);
  await setUp(system.root);
  const outcomes = await setUp(system.root, real, { vmLimit: "7" });
  const changed = [...outcomes].filter(([, outcome]) => outcome === "done");
  assert.deepEqual(changed.map(([title]) => title), [`file ${system.root}/etc/viper/viper.env`]);
  const env = await Deno.readTextFile(`${system.root}/etc/viper/viper.env`);
  assert.match(env, /^VIPER_VM_LIMIT="7"$/m);
  assert.match(env, /^VIPER_API_KEY="hush"$/m);
  assert.match(env, /^MINE="1"$/m);
  await undo(system.root);
  assertSame(await hostSnapshot(system.root), before);
});

/** Says which lines differ; the whole is too long to read. */
function assertSame(after: string, before: string, hint = ""): void {
  const [is, was] = [after.split("\n"), before.split("\n")];
  const added = is.filter((line) => !was.includes(line)).map((line) => `+ ${line}`);
  const lost = was.filter((line) => !is.includes(line)).map((line) => `- ${line}`);
  assert.ok(
    after === before,
    `${hint}\n${
      [...lost, ...added].slice(0, 20)
        .map((line) => line.slice(0, 200)).join("\n")
    }`,
  );
}

function isInjected(error: unknown): boolean {
  if (error instanceof InjectedFault) return true;
  if (error instanceof SuppressedError) return isInjected(error.error);
  return error instanceof Error && isInjected(error.cause);
}

async function command(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args }).output();
  assert.ok(success, `${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

function cleanup(work: () => Promise<void>): AsyncDisposable {
  return { [Symbol.asyncDispose]: work };
}
