/**
 * Puts back what somebody else took from the guests' network while VMs run: a bridge deleted, a
 * packet filter flushed, a port moved. Looks at everything with a handful of commands, however
 * many VMs there are, and acts only where something is missing.
 *
 * @module
 */
import type { Host } from "../../host/host.ts";
import { runBatch } from "./batch.ts";
import { type Link, readTaps } from "./link.ts";
import { bytecode } from "./packet_program.ts";
import type { NetworkSettings } from "./settings.ts";
import type { Subnet } from "./subnet.ts";
import { attachTap, PORT_FLAGS, readMark, tapName, tapPrograms } from "./tap.ts";
import type { GuestRules } from "./tap_filter.ts";

/** A VM whose tap should stand. */
export interface Guest extends GuestRules {
  readonly id: string;
}

/** What a repair did, and what it could not do. */
export interface Repair {
  /** In words, for the log. */
  readonly repaired: readonly string[];
  /** Ids of the VMs whose tap is gone: their machines hold a card that leads nowhere. */
  readonly lost: readonly string[];
}

/** Repairs the taps of these VMs; the bridge has to stand. */
export async function repairTaps(
  host: Host,
  settings: NetworkSettings,
  subnet: Subnet,
  guests: readonly Guest[],
): Promise<Repair> {
  const links = await readTaps(host, "network.repair:taps");
  const byName = new Map(links.map((link) => [link.name, link]));
  const isOwn = ({ id }: Guest) => {
    const link = byName.get(tapName(id));
    return link !== undefined && readMark(link)?.id === id;
  };
  const standing = guests.filter(isOwn);
  const seen = await look(host, settings, standing.map(({ id }) => tapName(id)));

  const repaired: string[] = [];
  for (const guest of standing) {
    const name = tapName(guest.id);
    const link = byName.get(name) as Link;
    if (isSound(settings, guest, link, seen)) continue;
    await attachTap(host, settings, name, guest);
    repaired.push(`attached the tap "${name}" of VM "${guest.id}" again`);
  }
  const stale = staleNeighbours(settings, subnet, links, seen);
  if (stale.length > 0) {
    const lines = stale.map((ip) =>
      `neighbour flush to ${ip} dev ${settings.bridge} nud permanent`
    );
    await runBatch(host, "network.repair:neighbours", "ip", lines);
    repaired.push(`forgot guests that are gone: ${stale.join(", ")}`);
  }
  const lost = guests.filter((guest) => !isOwn(guest)).map(({ id }) => id);
  return { repaired, lost };
}

/** Taps whose filters are read with one command, so that its output is kept whole. */
const TAPS_AT_ONCE = 256;

/** The state of all taps, read at once. */
interface Seen {
  /** Flags of a port, by its name. */
  readonly ports: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  /** `MAC dev NAME` of static forwarding entries. */
  readonly entries: ReadonlySet<string>;
  /** MAC by the address of permanent neighbours. */
  readonly neighbours: ReadonlyMap<string, string>;
  /** Programs by the name of their tap: from the guest, then to it. */
  readonly programs: ReadonlyMap<string, readonly string[]>;
}

async function look(
  host: Host,
  { bridge }: NetworkSettings,
  names: readonly string[],
): Promise<Seen> {
  const read = async (label: string, argv: readonly string[]) =>
    JSON.parse((await host.run(`network.repair:${label}`, argv)).stdout.trim() || "[]") as Record<
      string,
      unknown
    >[];
  const ports = await read("ports", ["bridge", "-details", "-json", "link", "show"]);
  const entries = await read("entries", ["bridge", "-json", "fdb", "show", "br", bridge]);
  const neighbours = await read("neighbours_look", [
    ...["ip", "-json", "neighbour", "show", "dev", bridge, "nud", "permanent"],
  ]);
  return {
    ports: new Map(ports.map((port) => [String(port["ifname"]), port])),
    entries: new Set(
      entries.filter((entry) => entry["state"] === "static")
        .map((entry) => `${entry["mac"]} dev ${entry["ifname"]}`),
    ),
    neighbours: new Map(neighbours.map(({ dst, lladdr }) => [String(dst), String(lladdr)])),
    programs: await readPrograms(host, names),
  };
}

/** The filters that stand on the taps. */
async function readPrograms(
  host: Host,
  names: readonly string[],
): Promise<Map<string, readonly string[]>> {
  const programs = new Map<string, readonly string[]>();
  for (let at = 0; at < names.length; at += TAPS_AT_ONCE) {
    const some = names.slice(at, at + TAPS_AT_ONCE);
    const stdin = some.map((name) =>
      `filter show dev ${name} ingress\nfilter show dev ${name} egress\n`
    ).join("");
    const argv = ["tc", "-json", "-batch", "-"];
    const { stdout } = await host.run("network.repair:filters", argv, { stdin });
    // One line a command, in the order of the commands.
    const answers = stdout.trim().split("\n").map(parseProgram);
    some.forEach((name, index) => programs.set(name, answers.slice(2 * index, 2 * index + 2)));
  }
  return programs;
}

interface FilterJson {
  readonly options?: { readonly bytecode?: { readonly insns?: readonly InstructionJson[] } };
}

interface InstructionJson {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

/** The one filter of a direction; `""` when there is none, or more than one. */
function parseProgram(line: string): string {
  const filters = JSON.parse(line || "[]") as readonly FilterJson[];
  const programs = filters.flatMap(({ options }) => options?.bytecode?.insns ?? []);
  return bytecode(programs.map(({ code, jt, jf, k }) => [code, jt, jf, k]));
}

/** Addresses of guests without a tap, of which only Viper's own can be in its subnet. */
function staleNeighbours(
  { bridge }: NetworkSettings,
  subnet: Subnet,
  links: readonly Link[],
  { neighbours }: Seen,
): string[] {
  const taken = links.map(readMark).filter((mark) => mark?.bridge === bridge)
    .map((mark) => mark?.ip);
  return [...neighbours.keys()].filter((ip) => isIpv4In(subnet, ip) && !taken.includes(ip));
}

function isIpv4In(subnet: Subnet, address: string): boolean {
  return !address.includes(":") && subnet.contains(address);
}

function isSound(
  settings: NetworkSettings,
  guest: Guest,
  link: Link,
  { ports, entries, neighbours, programs }: Seen,
): boolean {
  const { ingress, egress } = tapPrograms(settings, guest);
  const port = ports.get(link.name) ?? {};
  const [from, to] = programs.get(link.name) ?? [];
  return link.isUp && link.bridge === settings.bridge &&
    // Older versions do not tell of every flag.
    PORT_FLAGS.every(([flag, isOn]) => (port[flag] ?? isOn) === isOn) &&
    entries.has(`${guest.mac} dev ${link.name}`) &&
    neighbours.get(guest.ip) === guest.mac && from === ingress && to === egress;
}
