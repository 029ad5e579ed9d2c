/**
 * The network on a real kernel, in a network namespace of the test's own: what opening and closing
 * leaves, also when the Nth host call fails, what is adopted, and what guests can reach.
 */
import assert from "node:assert/strict";
import { denoHost } from "../../host/deno_host.ts";
import { CommandError, type Host } from "../../host/host.ts";
import { EGRESS_CIDRS_MAX } from "../../protocol/vms.ts";
import { openNetwork } from "../../server/network/network.ts";
import { tapName } from "../../server/network/tap.ts";
import { output } from "../namespaces.ts";
import { privateNetworkMissing } from "../private_network.ts";
import { faultHost } from "./fault_host.ts";
import { networkState } from "./network_state.ts";

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
  const before = await networkState();
  const network = await openNetwork(SETTINGS, real);
  const open = await networkState();
  assert.match(open, /192\.168\.127\.1/);
  assert.match(open, /ip_forward 1/);
  assert.match(open, /-A VIPER-viperbr0-NAT -s 192\.168\.127\.0\/24 ! -o viperbr0 -j MASQUERADE/);
  await network[Symbol.asyncDispose]();
  assert.equal(await networkState(), before);
  await network[Symbol.asyncDispose]();
  assert.equal(await networkState(), before);
});

networkTest("openNetwork() with an aborted signal changes nothing", async () => {
  const before = await networkState();
  await assert.rejects(openNetwork(SETTINGS, real, AbortSignal.abort(new Error("no"))), /no/);
  assert.equal(await networkState(), before);
});

networkTest(
  "openNetwork() adopts what a crashed daemon left and puts the oldest state back",
  async () => {
    const before = await networkState();
    await openNetwork(SETTINGS, real);
    const open = await networkState();
    const network = await openNetwork(SETTINGS, real);
    assert.equal(await networkState(), open, "nothing stands twice");
    await network[Symbol.asyncDispose]();
    assert.equal(await networkState(), before);
  },
);

networkTest("openNetwork() leaves a bridge that is not Viper's as it was", async () => {
  await using _bridge = await link("viperbr0", "type", "bridge");
  const before = await networkState();
  const network = await openNetwork(SETTINGS, real);
  assert.notEqual(await networkState(), before);
  await network[Symbol.asyncDispose]();
  assert.equal(await networkState(), before);
});

networkTest("openNetwork() refuses a device that is no bridge", async () => {
  await using _device = await link("viperbr0", "type", "veth");
  const before = await networkState();
  await assert.rejects(openNetwork(SETTINGS, real), {
    code: "runtime_unavailable",
    message: /"viperbr0" exists and is not a bridge/,
  });
  assert.equal(await networkState(), before);
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
  const before = await networkState();
  await assert.rejects(network.createTap("vm-1", PLAN), {
    code: "vm_start_failed",
    message: /exists and belongs to something else/,
  });
  await network.removeTap("vm-1");
  assert.equal(await networkState(), before);
});

for (const persistent of [false, true]) {
  const kind = persistent ? "every host call from the Nth on" : "the Nth host call";
  networkTest(`the host is as before when ${kind} fails, for every N`, async () => {
    const before = await networkState();
    for (let failAt = 1;; failAt++) {
      assert.ok(failAt < CALLS_MAX, "it never got through");
      const host = faultHost(real, { failAt, persistent });
      await openAndClose(host);
      assert.equal(await networkState(), before, `after a fault in ${host.fault.label}`);
      if (host.fault.label === null) return;
    }
  });
}

/** One VM's whole life; what fails is for the caller to see afterwards. */
async function openAndClose(host: Host): Promise<void> {
  const guests = [{ id: "vm-1", ...PLAN }];
  try {
    await using network = await openNetwork(SETTINGS, host);
    try {
      await network.createTap("vm-1", PLAN);
      await network.setEgress("vm-1", "none");
      await network.repair(() => guests);
    } finally {
      await network.removeTap("vm-1");
    }
  } catch (error) {
    assert.ok(error instanceof Error && /ViperError|InjectedFault/.test(error.name), `${error}`);
  }
}

networkTest(
  "dispose leaves all standing for VMs that live on, and the next daemon closes",
  async () => {
    const before = await networkState();
    const first = await openNetwork(SETTINGS, real);
    await first.createTap("vm-1", PLAN);
    const open = await networkState();
    await first[Symbol.asyncDispose]();
    assert.equal(await networkState(), open);

    const second = await openNetwork(SETTINGS, real);
    assert.equal(await networkState(), open);
    assert.deepEqual(await second.tapOwners(), ["vm-1"]);
    await second.removeTap("vm-1");
    await second[Symbol.asyncDispose]();
    assert.equal(await networkState(), before);
  },
);

networkTest("openNetwork() that fails leaves an earlier daemon's VMs their network", async () => {
  await using network = await openNetwork(SETTINGS, real);
  await network.createTap("vm-1", PLAN);
  const open = await networkState();
  for (let failAt = 1;; failAt++) {
    assert.ok(failAt < CALLS_MAX, "it never got through");
    const host = faultHost(real, { failAt, persistent: true });
    await openNetwork(SETTINGS, host).catch(() => {});
    assert.equal(await networkState(), open, `after a fault in ${host.fault.label}`);
    if (host.fault.label === null) break;
  }
  await network.removeTap("vm-1");
});

networkTest("two daemons with a bridge each do not touch one another", async () => {
  const other = {
    bridge: "viperbr1",
    subnet: "192.168.128.0/24",
    hostIp: "192.168.128.1",
    guestPort: 7778,
  };
  const before = await networkState();
  const one = await openNetwork(SETTINGS, real);
  await one.createTap("vm-1", PLAN);
  const alone = await networkState();
  const two = await openNetwork(other, real);
  await two.createTap("vm-2", { ...PLAN, ip: "192.168.128.2" });
  assert.deepEqual(await one.tapOwners(), ["vm-1"]);
  assert.deepEqual(await two.tapOwners(), ["vm-2"]);
  assert.deepEqual(await one.repair(() => [{ id: "vm-1", ...PLAN }]), { repaired: [], lost: [] });
  await two.removeTap("vm-2");
  await two[Symbol.asyncDispose]();
  assert.equal(await networkState(), alone);
  await one.removeTap("vm-1");
  await one[Symbol.asyncDispose]();
  assert.equal(await networkState(), before);
});

networkTest(
  "openNetwork() finishes or sweeps what a daemon was killed over before marking it",
  async () => {
    const before = await networkState();
    await output("ip", "link", "add", "viperbr0", "address", "02:56:c0:a8:7f:01", "type", "bridge");
    await output("ip", "tuntap", "add", "dev", tapName("vm-1"), "mode", "tap");
    const network = await openNetwork(SETTINGS, real);
    assert.doesNotMatch(await networkState(), /vpt-/);
    await output("ip", "tuntap", "add", "dev", tapName("vm-1"), "mode", "tap");
    await network.createTap("vm-1", PLAN);
    await network.removeTap("vm-1");
    await network[Symbol.asyncDispose]();
    assert.equal(await networkState(), before);
  },
);

networkTest("sweeping spares taps that are up, named otherwise or somebody's", async () => {
  const foreign = ["vpt-", "tap0", `${tapName("vm-2")}`];
  for (const name of foreign) await output("ip", "tuntap", "add", "dev", name, "mode", "tap");
  await output("ip", "link", "set", "dev", tapName("vm-2"), "alias", "somebody's");
  await output("ip", "tuntap", "add", "dev", tapName("vm-3"), "mode", "tap");
  await output("ip", "link", "set", "dev", tapName("vm-3"), "up");
  const before = await networkState();
  await (await openNetwork(SETTINGS, real))[Symbol.asyncDispose]();
  assert.equal(await networkState(), before);
  for (const name of [...foreign, tapName("vm-3")]) await output("ip", "link", "delete", name);
});

networkTest("createTap() gives the tap to the user that is to open it", async () => {
  await using network = await openNetwork(SETTINGS, real);
  const { name } = await network.createTap("vm-1", { ...PLAN, owner: 54_321 });
  assert.match(await output("ip", "-details", "link", "show", "dev", name), / user 54321 /);
  await network.removeTap("vm-1");
});

networkTest("createTap() says which modules a kernel lacks, and leaves nothing", async () => {
  const says = "Error: TC classifier not found.";
  const host: Host = {
    ...real,
    run: (label, argv, options) =>
      label === "network.tap:filter"
        ? Promise.reject(new CommandError("failed", says))
        : real.run(label, argv, options),
  };
  await using network = await openNetwork(SETTINGS, host);
  const before = await networkState();
  await assert.rejects(network.createTap("vm-1", PLAN), {
    code: "vm_start_failed",
    message: /TC classifier not found/,
    hint: /modprobe -a sch_ingress cls_bpf/,
  });
  assert.equal(await networkState(), before);
});

networkTest("setEgress() takes the longest list, and repair() reads it back", async () => {
  const egress = Array.from({ length: EGRESS_CIDRS_MAX }, (_, at) => `20.${at}.0.0/16`);
  await using network = await openNetwork(SETTINGS, real);
  await network.createTap("vm-1", PLAN);
  await network.setEgress("vm-1", egress);
  const guests = [{ id: "vm-1", ...PLAN, egress }];
  assert.deepEqual(await network.repair(() => guests), { repaired: [], lost: [] });
  await network.removeTap("vm-1");
});

networkTest("the network opens, repairs and closes with iptables of the older kind", async () => {
  const legacy: Host = {
    ...real,
    run: (label, [program = "", ...rest], options) =>
      real.run(label, [program.replace(/^iptables/, "iptables-legacy"), ...rest], options),
  };
  const rules = async () => (await output("iptables-legacy-save")).match(/VIPER-\S+/g) ?? [];
  const network = await openNetwork(SETTINGS, legacy);
  const count = (await rules()).length;
  assert.ok(count > 10);
  await output("iptables-legacy", "-F", "FORWARD");
  assert.equal((await network.repair(() => [])).repaired.length, 1);
  assert.equal((await rules()).length, count);
  await network[Symbol.asyncDispose]();
  assert.deepEqual(await rules(), []);
});

async function link(name: string, ...kind: string[]): Promise<AsyncDisposable> {
  await output("ip", "link", "add", "name", name, ...kind);
  return {
    [Symbol.asyncDispose]: async () => {
      await output("ip", "link", "delete", "dev", name);
    },
  };
}
