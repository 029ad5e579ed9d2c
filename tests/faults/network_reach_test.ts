/**
 * Who reaches whom: guests on real taps, a stand-in for the internet, and every kind of egress.
 * Frames are counted where the bridge hands them to the host.
 */
import assert from "node:assert/strict";
import type { Egress } from "../../protocol/vms.ts";
import { openNetwork } from "../../server/network/network.ts";
import { tapName } from "../../server/network/tap.ts";
import { FRAME_SETTINGS as SETTINGS, GUEST, GUEST_FRAMES, PEER } from "../guest_frames.ts";
import { output } from "../namespaces.ts";
import { privateNetworkMissing } from "../private_network.ts";
import { until } from "../until.ts";
import { connects, HOST_OUTSIDE, openGuest, openWorld, probe } from "./network_world.ts";
import type { Target } from "./probe.ts";
import { denoHost } from "../../host/deno_host.ts";

const real = denoHost({ log: () => {} });
const skip = privateNetworkMissing();
if (skip !== null) console.log(`network reach tests are skipped: ${skip}`);

function networkTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: skip !== null, fn });
}

const tcp = (address: string, port: number): Target => ({ protocol: "tcp", address, port });
const udp = (address: string, port: number): Target => ({ protocol: "udp", address, port });
const ping = (address: string): Target => ({ protocol: "icmp", address, port: 0 });

const EGRESSES: Readonly<Record<string, Egress>> = {
  internet: "internet",
  none: "none",
  open: "open",
  list: ["10.1.0.0/16", "169.254.0.0/16"],
};

/** Target → under which egress it is reached. */
const TABLE: readonly [title: string, target: Target, reached: readonly string[]][] = [
  ["the internet", tcp("93.184.216.34", 80), ["internet", "open"]],
  ["the internet's ping", ping("93.184.216.34"), ["internet", "open"]],
  ["a resolver of nobody's", udp("93.184.216.34", 53), ["internet", "open"]],
  ["a private address", tcp("10.1.2.3", 80), ["open", "list"]],
  ["another private address", tcp("172.16.9.9", 80), ["open"]],
  ["metadata", tcp("169.254.169.254", 80), []],
  ["the resolver", udp("10.0.0.53", 53), ["internet", "open", "list"]],
  ["the resolver over TCP", tcp("10.0.0.53", 53), ["internet", "open", "list"]],
  ["the resolver's web server", tcp("10.0.0.53", 80), ["open"]],
  ["the guests' port", tcp(SETTINGS.hostIp, 7778), Object.keys(EGRESSES)],
  ["a port opened for guests", tcp(SETTINGS.hostIp, 8000), Object.keys(EGRESSES)],
  ["the host's API", tcp(SETTINGS.hostIp, 7777), []],
  ["the host's ping", ping(SETTINGS.hostIp), []],
  ["the guests' port by another address", tcp(HOST_OUTSIDE, 7778), []],
  ["the host's ping by another address", ping(HOST_OUTSIDE), []],
  ["another guest", tcp(PEER.ip, 80), []],
  ["another guest's ping", ping(PEER.ip), []],
];

for (const [title, egress] of Object.entries(EGRESSES)) {
  networkTest(`a guest reaches what the table says with egress ${title}`, async () => {
    await using world = await openWorld(egress);
    const found = await world.guest.reached(TABLE.map(([, target]) => target));
    assert.deepEqual(
      TABLE.map(([name], at) => `${name}: ${found[at]}`),
      TABLE.map(([name, , reached]) => `${name}: ${reached.includes(title)}`),
    );
  });
}

/** The daemon's way to the agent, and that it does not depend on who spoke first. */
networkTest("the host reaches a guest whatever its egress, and nobody outside does", async () => {
  await using world = await openWorld("none");
  await using _agent = await world.guest.listens(8080);
  await until("the agent", async () => await connects(GUEST.ip, 8080));
  await world.outside.run("ip", "route", "add", SETTINGS.subnet, "via", HOST_OUTSIDE);
  await world.network.setEgress("vm-1", "open");
  assert.deepEqual(await probe(world.outside, [tcp(GUEST.ip, 8080)]), [false]);
});

networkTest("a tap passes exactly the frames that its guest may send", async () => {
  await using network = await openNetwork(SETTINGS, real);
  await using guest = await openGuest(network, "vm-1", GUEST, "internet", false);
  const seen = async () => {
    const passed: string[] = [];
    for (const [title, frame] of GUEST_FRAMES) {
      const before = await framesOnBridge();
      guest.cable.send(frame);
      if (await framesOnBridge() > before) passed.push(title);
    }
    return passed;
  };
  const allowed = GUEST_FRAMES.filter(([, , isPassed]) => isPassed).map(([title]) => title);
  assert.deepEqual(await seen(), allowed);
  await output("tc", "qdisc", "delete", "dev", tapName("vm-1"), "clsact");
  // Without it the kernel at most keeps fragments and headers alone to itself.
  const isPlain = (title: string) => !/fragment|no more/.test(title);
  const plain = GUEST_FRAMES.map(([title]) => title).filter(isPlain);
  assert.deepEqual((await seen()).filter(isPlain), plain);
});

/** Frames that the bridge handed up to the host. */
async function framesOnBridge(): Promise<number> {
  const argv = ["ip", "-json", "-stats", "link", "show", "dev", SETTINGS.bridge];
  return JSON.parse(await output(...argv))[0].stats64.rx.packets;
}

networkTest(
  "setEgress() stops a connection that the new egress forbids, and lets it on",
  async () => {
    await using world = await openWorld("internet");
    await using line = world.guest.talks("93.184.216.34", 80);
    assert.equal(await line.echoes("before"), true);
    await world.network.setEgress("vm-1", ["10.0.0.0/8"]);
    assert.equal(await line.echoes("meanwhile", 1_000), false);
    assert.deepEqual(await world.guest.reached([tcp("10.1.2.3", 80)]), [true]);
    await world.network.setEgress("vm-1", "open");
    assert.equal(await line.echoes("after"), true);
  },
);

networkTest("setEgress() refuses a VM without a tap", async () => {
  await using network = await openNetwork(SETTINGS, real);
  await assert.rejects(network.setEgress("vm-1", "none"), { code: "vm_not_running" });
});
