/**
 * The network damaged by somebody else while guests run: what still holds, that a repair puts it
 * all back, and that a repair that fails half-way can be repeated.
 */
import assert from "node:assert/strict";
import { denoHost } from "../../host/deno_host.ts";
import { type Network, openNetwork } from "../../server/network/network.ts";
import type { Guest } from "../../server/network/repair.ts";
import { tapName, type TapPlan } from "../../server/network/tap.ts";
import { FRAME_SETTINGS as SETTINGS, GUEST, PEER } from "../guest_frames.ts";
import { output } from "../namespaces.ts";
import { privateNetworkMissing } from "../private_network.ts";
import { faultHost } from "./fault_host.ts";
import { networkState } from "./network_state.ts";
import { openWorld } from "./network_world.ts";
import type { Target } from "./probe.ts";
import { switchableHost } from "./switchable_host.ts";

const real = denoHost({ log: () => {} });
const skip = privateNetworkMissing();
if (skip !== null) console.log(`network repair tests are skipped: ${skip}`);

function networkTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: skip !== null, fn });
}

/** More labelled calls than one repair makes. */
const CALLS_MAX = 60;
const { bridge } = SETTINGS;
const TAP = tapName("vm-1");
const PLANS = {
  "vm-1": { ...GUEST, owner: 1_000, egress: "internet" },
  "vm-2": { ...PEER, owner: null, egress: ["10.0.0.0/8"] },
} as const satisfies Record<string, TapPlan>;
const GUESTS = Object.entries(PLANS).map(([id, plan]) => ({ id, ...plan }));

const FLUSH = ["filter", "nat"].flatMap((table) =>
  [["-F"], ["-X"]].map((what) => [
    ...["iptables", "-t", table],
    ...what,
  ])
);

/** What is done to the network, and what a repair says it did about that. */
const DAMAGES: readonly [title: string, commands: readonly string[][], repaired: RegExp][] = [
  ["the bridge is deleted", [["ip", "link", "delete", "dev", bridge]], /made the bridge/],
  ["the bridge is down", [["ip", "link", "set", "dev", bridge, "down"]], /brought the bridge up/],
  ["the bridge's address is gone", [["ip", "address", "flush", "dev", bridge]], /its address/],
  ["the packet filter is flushed", FLUSH, /installed the packet filter's rules/],
  ["a jump is gone", [FLUSH[0] ?? []], /installed the packet filter's rules/],
  ["forwarding is off", [["sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward"]], /forwarding/],
  ["a tap is off the bridge", [["ip", "link", "set", "dev", TAP, "nomaster"]], /attached the tap/],
  ["a tap is down", [["ip", "link", "set", "dev", TAP, "down"]], /attached the tap/],
  [
    "a port is not isolated",
    [["bridge", "link", "set", "dev", TAP, "isolated", "off"]],
    /attached the tap/,
  ],
  ["a tap has no filter", [["tc", "qdisc", "delete", "dev", TAP, "clsact"]], /attached the tap/],
  [
    "a tap lets all pass",
    [["tc", "filter", "delete", "dev", TAP, "ingress"]],
    /attached the tap/,
  ],
  [
    "the bridge forgot a guest",
    [["bridge", "fdb", "delete", GUEST.mac, "dev", TAP, "master", "static"]],
    /attached the tap/,
  ],
  [
    "the host forgot a guest",
    [["ip", "neighbour", "delete", GUEST.ip, "dev", bridge]],
    /attached the tap/,
  ],
  [
    "a guest that is gone is remembered",
    [["ip", "neighbour", "replace", "192.168.127.9", "lladdr", PEER.mac, "dev", bridge]],
    /forgot guests that are gone: 192\.168\.127\.9/,
  ],
];

async function withGuests(
  body: (network: Network, use: ReturnType<typeof switchableHost>["use"]) => Promise<void>,
): Promise<void> {
  const { host, use } = switchableHost(real);
  await using network = await openNetwork(SETTINGS, host);
  for (const [id, plan] of Object.entries(PLANS)) await network.createTap(id, plan);
  try {
    await body(network, use);
  } finally {
    use(real);
    for (const { id } of GUESTS) await network.removeTap(id);
  }
}

for (const [title, commands, repaired] of DAMAGES) {
  networkTest(
    `repair() mends all when ${title}, and then nothing`,
    () =>
      withGuests(async (network) => {
        const before = await networkState();
        assert.deepEqual(await network.repair(() => GUESTS), { repaired: [], lost: [] });
        for (const argv of commands) await output(...argv);
        assert.notEqual(await networkState(), before, "that is damage");
        const repair = await network.repair(() => GUESTS);
        assert.match(repair.repaired.join("\n"), repaired);
        assert.deepEqual(repair.lost, []);
        assert.equal(await networkState(), before);
        assert.deepEqual(await network.repair(() => GUESTS), { repaired: [], lost: [] });
      }),
  );
}

networkTest(
  "repair() says whose tap is gone and leaves the others alone",
  () =>
    withGuests(async (network) => {
      await output("ip", "link", "delete", "dev", TAP);
      const { lost, repaired } = await network.repair(() => GUESTS);
      assert.deepEqual(lost, ["vm-1"]);
      assert.deepEqual(repaired, [`forgot guests that are gone: ${GUEST.ip}`]);
    }),
);

networkTest(
  "repair() gives an earlier daemon's taps the filters of its own settings",
  () =>
    withGuests(async () => {
      const settings = { ...SETTINGS, guestPort: 9_999 };
      await using next = await openNetwork(settings, real);
      assert.equal((await next.repair(() => GUESTS)).repaired.length, GUESTS.length);
      assert.deepEqual(await next.repair(() => GUESTS), { repaired: [], lost: [] });
    }),
);

networkTest(
  "repair() takes nothing from taps that come and go meanwhile",
  () =>
    withGuests(async (network) => {
      const before = await networkState();
      const ids = Array.from({ length: 8 }, (_, at) => `passing-${at}`);
      const passing = ids.map(async (id, at) => {
        const last = 10 + at;
        const plan = { ...PEER, ip: `192.168.127.${last}`, mac: `02:00:00:00:00:${last}` };
        await network.createTap(id, { ...plan, owner: null, egress: "internet" });
        const repair = await network.repair(() => [...GUESTS, { id, ...plan, egress: "internet" }]);
        assert.deepEqual(repair, { repaired: [], lost: [] }, id);
        await network.removeTap(id);
      });
      await Promise.all(passing);
      assert.equal(await networkState(), before);
    }),
);

for (const persistent of [false, true]) {
  const kind = persistent ? "every host call from the Nth on" : "the Nth host call";
  networkTest(
    `repair() can be repeated when ${kind} failed, for every N`,
    () =>
      withGuests(async (network, use) => {
        const before = await networkState();
        for (let failAt = 1;; failAt++) {
          assert.ok(failAt < CALLS_MAX, "it never got through");
          await output("ip", "link", "delete", "dev", bridge);
          for (const argv of FLUSH) await output(...argv);
          const host = faultHost(real, { failAt, persistent });
          use(host);
          await network.repair(() => GUESTS).catch(() => {});
          use(real);
          await network.repair(() => GUESTS);
          assert.equal(await networkState(), before, `after a fault in ${host.fault.label}`);
          if (host.fault.label === null) return;
        }
      }),
  );

  networkTest(
    `setEgress() leaves the old or the new egress when ${kind} failed`,
    () =>
      withGuests(async (network, use) => {
        const old = await networkState();
        for (let failAt = 1;; failAt++) {
          assert.ok(failAt < CALLS_MAX, "it never got through");
          const host = faultHost(real, { failAt, persistent });
          use(host);
          await network.setEgress("vm-1", "none").catch(() => {});
          use(real);
          if (host.fault.label === null) break;
          assert.equal(await networkState(), old, `after a fault in ${host.fault.label}`);
        }
        assert.notEqual(await networkState(), old);
      }),
  );
}

const tcp = (address: string, port: number): Target => ({ protocol: "tcp", address, port });
const FORBIDDEN = [tcp("10.1.2.3", 80), tcp(SETTINGS.hostIp, 7777), tcp(PEER.ip, 80)];
const ALLOWED = [tcp("93.184.216.34", 80), tcp(SETTINGS.hostIp, SETTINGS.guestPort)];
const RUNNING: readonly Guest[] = [
  { id: "vm-1", ...GUEST, egress: "internet" },
  { id: "vm-2", ...PEER, egress: "open" },
];

networkTest(
  "a flushed packet filter opens nothing to a guest, and repair() lets it out again",
  async () => {
    await using world = await openWorld("internet");
    for (const argv of FLUSH) await output(...argv);
    const closed = await world.guest.reached([...FORBIDDEN, tcp("169.254.169.254", 80)]);
    assert.deepEqual(closed, [false, false, false, false]);
    await world.network.repair(() => RUNNING);
    assert.deepEqual(await world.guest.reached(ALLOWED), [true, true]);
  },
);

networkTest("guests reach what they did once a deleted bridge is repaired", async () => {
  await using world = await openWorld("internet");
  await output("ip", "link", "delete", "dev", bridge);
  assert.deepEqual(await world.guest.reached(ALLOWED), [false, false]);
  await world.network.repair(() => RUNNING);
  assert.deepEqual(await world.guest.reached([...ALLOWED, ...FORBIDDEN]), [
    ...[true, true],
    ...[false, false, false],
  ]);
});
