/**
 * Who reaches whom: guests on real taps, a stand-in for the internet, and every kind of egress.
 * Frames are counted where the bridge hands them to the host.
 */
import assert from "node:assert/strict";
import { denoHost } from "../../host/deno_host.ts";
import type { Egress } from "../../protocol/vms.ts";
import { type Network, openNetwork } from "../../server/network/network.ts";
import { type Cable, type Namespace, openCable, openNamespace, output } from "../namespaces.ts";
import { privateNetworkMissing } from "../private_network.ts";
import { until } from "../until.ts";
import { OUTSIDE_PORTS } from "./outside.ts";
import type { Target } from "./probe.ts";

const SETTINGS = {
  bridge: "viperbr0",
  subnet: "192.168.127.0/24",
  hostIp: "192.168.127.1",
  guestPort: 7778,
  openPorts: [8000],
  resolvers: ["10.0.0.53"],
};
const GUEST = { ip: "192.168.127.2", mac: "02:00:00:00:00:02" };
const PEER = { ip: "192.168.127.3", mac: "02:00:00:00:00:03" };
/** The host's own address outside, and everything that is reached over there. */
const HOST_OUTSIDE = "203.0.113.1";
const OUTSIDE = ["93.184.216.34", "10.1.2.3", "172.16.9.9", "169.254.169.254", "10.0.0.53"];

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

async function connects(hostname: string, port: number): Promise<boolean> {
  return await Deno.connect({ hostname, port }).then((connection) => {
    connection.close();
    return true;
  }, () => false);
}

interface GuestStandIn extends AsyncDisposable {
  readonly cable: Cable;
  readonly namespace: Namespace;
  reached(targets: readonly Target[]): Promise<boolean[]>;
  /** Answers on a port inside. */
  listens(port: number): Promise<AsyncDisposable>;
}

interface World extends AsyncDisposable {
  readonly network: Network;
  readonly outside: Namespace;
  readonly guest: GuestStandIn;
}

/** The network with two guests, listeners of the host, and the outside behind it. */
async function openWorld(egress: Egress): Promise<World> {
  await using undo = new AsyncDisposableStack();
  const outside = undo.use(await openOutside());
  const network = undo.use(await openNetwork(SETTINGS, real));
  for (const port of [7777, 7778, 8000]) undo.use(Deno.listen({ hostname: "0.0.0.0", port }));
  const guest = undo.use(await openGuest(network, "vm-1", GUEST, egress));
  const peer = undo.use(await openGuest(network, "vm-2", PEER, "open"));
  undo.use(await peer.listens(80));
  const opened = undo.move();
  return { network, outside, guest, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** One namespace with every address of the outside; its way back is the host's. */
async function openOutside(): Promise<Namespace> {
  await using undo = new AsyncDisposableStack();
  const outside = undo.use(await openNamespace());
  const pair = ["type", "veth", "peer", "name", "eth0", "netns", String(outside.pid)];
  await output("ip", "link", "add", "name", "out0", ...pair);
  undo.defer(async () => void await output("ip", "link", "delete", "dev", "out0"));
  await output("ip", "address", "add", `${HOST_OUTSIDE}/24`, "dev", "out0");
  await output("ip", "link", "set", "dev", "out0", "up");
  await outside.run("ip", "address", "add", "203.0.113.2/24", "dev", "eth0");
  await outside.run("ip", "link", "set", "dev", "eth0", "up");
  for (const ip of OUTSIDE) await outside.run("ip", "address", "add", `${ip}/32`, "dev", "lo");
  await output("ip", "route", "add", "default", "via", "203.0.113.2");

  const script = new URL("outside.ts", import.meta.url).pathname;
  undo.use(outside.start(Deno.execPath(), "run", "--quiet", "-A", script, ...OUTSIDE));
  for (const port of OUTSIDE_PORTS) {
    await until("the outside", () => connects("93.184.216.34", port));
  }
  const opened = undo.move();
  return { ...outside, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

async function openGuest(
  network: Network,
  id: string,
  { ip, mac }: typeof GUEST,
  egress: Egress,
): Promise<GuestStandIn> {
  await using undo = new AsyncDisposableStack();
  const namespace = undo.use(await openNamespace());
  const { name } = await network.createTap(id, { ip, mac, owner: null, egress });
  undo.defer(() => network.removeTap(id));
  const cable = undo.use(openCable(name, namespace));
  await namespace.run("ip", "link", "set", "dev", "eth0", "address", mac);
  await namespace.run("ip", "address", "add", `${ip}/24`, "dev", "eth0");
  await namespace.run("ip", "link", "set", "dev", "eth0", "up");
  await namespace.run("ip", "route", "add", "default", "via", SETTINGS.hostIp);
  const opened = undo.move();
  return {
    cable,
    namespace,
    reached: (targets) => probe(namespace, targets),
    listens: (port) => listenIn(namespace, port),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function probe(from: Namespace, targets: readonly Target[]): Promise<boolean[]> {
  const script = new URL("probe.ts", import.meta.url).pathname;
  const argv = [Deno.execPath(), "run", "--quiet", "-A", script, JSON.stringify(targets)];
  return JSON.parse(await from.run(...argv));
}

async function listenIn(namespace: Namespace, port: number): Promise<AsyncDisposable> {
  const code =
    `for await (const c of Deno.listen({ hostname: "0.0.0.0", port: ${port} })) c.close()`;
  const listener = namespace.start(Deno.execPath(), "eval", code);
  await until("a listener", async () => (await namespace.run("ss", "-Hltn")).includes(`:${port} `));
  return listener;
}
