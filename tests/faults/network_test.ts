/**
 * The network on a real kernel, in a network namespace of the test's own: what opening and closing
 * leaves, also when the Nth host call fails, what is adopted, and what guests can reach.
 */
import assert from "node:assert/strict";
import { denoHost } from "../../host/deno_host.ts";
import type { Host } from "../../host/host.ts";
import { openNetwork } from "../../server/network/network.ts";
import { tapName } from "../../server/network/tap.ts";
import { privateNetworkMissing } from "../private_network.ts";
import { faultHost } from "./fault_host.ts";

const SETTINGS = {
  bridge: "viperbr0",
  subnet: "192.168.127.0/24",
  hostIp: "192.168.127.1",
  guestPort: 7778,
};
const PLAN = {
  ip: "192.168.127.2",
  mac: "02:00:00:00:00:02",
  owner: null,
  egress: "internet",
} as const;
/** More labelled calls than opening, one tap and closing make. */
const CALLS_MAX = 120;

const real = denoHost({ log: () => {} });
const skip = privateNetworkMissing();
if (skip !== null) console.log(`network tests are skipped: ${skip}`);

function networkTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: skip !== null, fn });
}

networkTest("openNetwork() brings the bridge up and dispose puts everything back", async () => {
  const before = await hostState();
  const network = await openNetwork(SETTINGS, real);
  const open = await hostState();
  assert.match(open, /192\.168\.127\.1/);
  assert.match(open, /ip_forward 1/);
  assert.match(open, /-A VIPER-viperbr0-NAT -s 192\.168\.127\.0\/24 ! -o viperbr0 -j MASQUERADE/);
  await network[Symbol.asyncDispose]();
  assert.equal(await hostState(), before);
  await network[Symbol.asyncDispose]();
  assert.equal(await hostState(), before);
});

networkTest("openNetwork() with an aborted signal changes nothing", async () => {
  const before = await hostState();
  await assert.rejects(openNetwork(SETTINGS, real, AbortSignal.abort(new Error("no"))), /no/);
  assert.equal(await hostState(), before);
});

networkTest(
  "openNetwork() adopts what a crashed daemon left and puts the oldest state back",
  async () => {
    const before = await hostState();
    await openNetwork(SETTINGS, real);
    const open = await hostState();
    const network = await openNetwork(SETTINGS, real);
    assert.equal(await hostState(), open, "nothing stands twice");
    await network[Symbol.asyncDispose]();
    assert.equal(await hostState(), before);
  },
);

networkTest("openNetwork() leaves a bridge that is not Viper's as it was", async () => {
  await using _bridge = await link("viperbr0", "type", "bridge");
  const before = await hostState();
  const network = await openNetwork(SETTINGS, real);
  assert.notEqual(await hostState(), before);
  await network[Symbol.asyncDispose]();
  assert.equal(await hostState(), before);
});

networkTest("openNetwork() refuses a device that is no bridge", async () => {
  await using _device = await link("viperbr0", "type", "veth");
  const before = await hostState();
  await assert.rejects(openNetwork(SETTINGS, real), {
    code: "runtime_unavailable",
    message: /"viperbr0" exists and is not a bridge/,
  });
  assert.equal(await hostState(), before);
});

networkTest("openNetwork() says what to install when a tool is missing", async () => {
  const host: Host = {
    ...real,
    run: (label, [, ...rest], options) => real.run(label, ["no-such-tool", ...rest], options),
  };
  await assert.rejects(openNetwork(SETTINGS, host), {
    code: "runtime_unavailable",
    hint: /apt-get install iproute2 iptables/,
  });
});

networkTest(
  "createTap() makes an isolated port of the bridge that never has the guest's MAC",
  async () => {
    await using network = await openNetwork(SETTINGS, real);
    const { name } = await network.createTap("vm-1", PLAN);
    assert.equal(name, tapName("vm-1"));
    const port = await output("bridge", "-d", "link", "show", "dev", name);
    assert.match(port, /master viperbr0/);
    assert.match(port, /isolated on/);
    const link = JSON.parse(await output("ip", "-json", "link", "show", "dev", name));
    assert.notEqual(link[0].address, PLAN.mac);
    assert.deepEqual(await network.tapOwners(), ["vm-1"]);
    await network.removeTap("vm-1");
    await network.removeTap("vm-1");
    assert.deepEqual(await network.tapOwners(), []);
  },
);

networkTest("createTap() remakes the tap that a crashed daemon left for the same VM", async () => {
  await using network = await openNetwork(SETTINGS, real);
  await network.createTap("vm-1", PLAN);
  await network.createTap("vm-1", PLAN);
  assert.deepEqual(await network.tapOwners(), ["vm-1"]);
  await network.removeTap("vm-1");
});

networkTest("createTap() and removeTap() never touch a tap that belongs to another", async () => {
  await using network = await openNetwork(SETTINGS, real);
  await using _foreign = await link(tapName("vm-1"), "type", "veth");
  const before = await hostState();
  await assert.rejects(network.createTap("vm-1", PLAN), {
    code: "vm_start_failed",
    message: /exists and belongs to something else/,
  });
  await network.removeTap("vm-1");
  assert.equal(await hostState(), before);
});

for (const persistent of [false, true]) {
  const kind = persistent ? "every host call from the Nth on" : "the Nth host call";
  networkTest(`the host is as before when ${kind} fails, for every N`, async () => {
    const before = await hostState();
    for (let failAt = 1;; failAt++) {
      assert.ok(failAt < CALLS_MAX, "it never got through");
      const host = faultHost(real, { failAt, persistent });
      await openAndClose(host);
      assert.equal(await hostState(), before, `after a fault in ${host.fault.label}`);
      if (host.fault.label === null) return;
    }
  });
}

/** Opens, makes a tap, removes it and closes; failures are what the caller looks at afterwards. */
async function openAndClose(host: Host): Promise<void> {
  try {
    await using network = await openNetwork(SETTINGS, host);
    await network.createTap("vm-1", PLAN);
    await network.removeTap("vm-1");
  } catch (error) {
    assert.ok(error instanceof Error && error.name === "ViperError", `threw ${error}`);
  }
}

/** Links, addresses, filter rules and forwarding, without counters and tables that do nothing. */
async function hostState(): Promise<string> {
  const saved = await output("iptables-save");
  const rules = saved.split("\n")
    .filter((line) => /^[:-]/.test(line) && !/^:\w+ ACCEPT /.test(line))
    .map((line) => line.replace(/ \[\d+:\d+\]$/, ""));
  const forward = await Deno.readTextFile("/proc/sys/net/ipv4/ip_forward");
  return [
    // Numbers of interfaces, their random addresses and timers are not the point.
    await output("ip", "-oneline", "-br", "link"),
    await output("ip", "-oneline", "-br", "address"),
    ...rules,
    `ip_forward ${forward}`,
  ].join("\n");
}

async function link(name: string, ...kind: string[]): Promise<AsyncDisposable> {
  await output("ip", "link", "add", "name", name, ...kind);
  return {
    [Symbol.asyncDispose]: async () => {
      await output("ip", "link", "delete", "dev", name);
    },
  };
}

async function output(...argv: string[]): Promise<string> {
  const [program = "", ...args] = argv;
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  assert.ok(success, `${argv.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
