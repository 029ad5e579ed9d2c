/** A network with guests on real taps, and the internet behind it in a namespace of its own. */
import { denoHost } from "../../host/deno_host.ts";
import type { Host } from "../../host/host.ts";
import type { Egress } from "../../protocol/vms.ts";
import { type Network, openNetwork } from "../../server/network/network.ts";
import { FRAME_SETTINGS as SETTINGS, GUEST, PEER } from "../guest_frames.ts";
import { type Cable, type Namespace, openCable, openNamespace, output } from "../namespaces.ts";
import { until } from "../until.ts";
import { OUTSIDE_PORTS } from "./outside.ts";
import type { Target } from "./probe.ts";

/** The host's own address outside, and everything that is reached over there. */
export const HOST_OUTSIDE = "203.0.113.1";
const OUTSIDE = ["93.184.216.34", "10.1.2.3", "172.16.9.9", "169.254.169.254", "10.0.0.53"];

const real = denoHost({ log: () => {} });

/** Whether this very namespace gets a connection. */
export async function connects(hostname: string, port: number): Promise<boolean> {
  return await Deno.connect({ hostname, port }).then((connection) => {
    connection.close();
    return true;
  }, () => false);
}

/** A connection that stays. */
export interface Line extends AsyncDisposable {
  /** Whether a word comes back in time; TCP sends again ever more slowly what was not taken. */
  echoes(word: string, boundMs?: number): Promise<boolean>;
}

/** A guest without a machine. */
export interface GuestStandIn extends AsyncDisposable {
  readonly cable: Cable;
  readonly namespace: Namespace;
  reached(targets: readonly Target[]): Promise<boolean[]>;
  /** Answers on a port inside. */
  listens(port: number): Promise<AsyncDisposable>;
  /** Connects to an address that sends back what it gets. */
  talks(address: string, port: number): Line;
}

export interface World extends AsyncDisposable {
  readonly network: Network;
  readonly outside: Namespace;
  readonly guest: GuestStandIn;
}

/** The network with two guests, listeners of the host, and the outside behind it. */
export async function openWorld(egress: Egress, host: Host = real): Promise<World> {
  await using undo = new AsyncDisposableStack();
  const outside = undo.use(await openOutside());
  const network = undo.use(await openNetwork(SETTINGS, host));
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

export async function openGuest(
  network: Network,
  id: string,
  { ip, mac }: typeof GUEST,
  egress: Egress,
  isUp = true,
): Promise<GuestStandIn> {
  await using undo = new AsyncDisposableStack();
  const namespace = undo.use(await openNamespace());
  const { name } = await network.createTap(id, { ip, mac, owner: null, egress });
  undo.defer(() => network.removeTap(id));
  const cable = undo.use(openCable(name, namespace));
  await namespace.run("ip", "link", "set", "dev", "eth0", "address", mac);
  await namespace.run("ip", "address", "add", `${ip}/24`, "dev", "eth0");
  if (isUp) {
    await namespace.run("ip", "link", "set", "dev", "eth0", "up");
    await namespace.run("ip", "route", "add", "default", "via", SETTINGS.hostIp);
  }
  const opened = undo.move();
  return {
    cable,
    namespace,
    reached: (targets) => probe(namespace, targets),
    listens: (port) => listenIn(namespace, port),
    talks: (address, port) => openLine(namespace, address, port),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

export async function probe(from: Namespace, targets: readonly Target[]): Promise<boolean[]> {
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

function openLine(namespace: Namespace, hostname: string, port: number): Line {
  const code = `const line = await Deno.connect({ hostname: "${hostname}", port: ${port} });
    void line.readable.pipeTo(Deno.stdout.writable);
    await Deno.stdin.readable.pipeTo(line.writable);`;
  const args = ["--target", String(namespace.pid), "--net", Deno.execPath(), "eval", code];
  const options = { args, stdin: "piped", stdout: "piped", stderr: "null" } as const;
  const process = new Deno.Command("nsenter", options).spawn();
  const writer = process.stdin.getWriter();
  let heard = "";
  const listening = (async () => {
    for await (const chunk of process.stdout) heard += new TextDecoder().decode(chunk);
  })();
  return {
    echoes: async (word, boundMs = 10_000) => {
      await writer.write(new TextEncoder().encode(word));
      return await until(word, () => heard.includes(word), boundMs).then(() => true, () => false);
    },
    [Symbol.asyncDispose]: async () => {
      process.kill("SIGKILL");
      await process.status;
      await writer.abort().catch(() => {});
      await listening;
    },
  };
}
