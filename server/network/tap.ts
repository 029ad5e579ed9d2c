/**
 * One tap a VM: the host's end of the guest's network card, a port of the bridge.
 *
 * A tap carries whom it belongs to in its alias, so that a tap of another VM, or one that is not
 * ours, is never taken for this one. Its own MAC is the kernel's choice and never the guest's: a
 * bridge delivers frames for a port's own address to the host.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Host, Label } from "../../host/host.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { Egress } from "../../protocol/vms.ts";
import { runBatch } from "./batch.ts";
import { type Link, readLink, readTaps } from "./link.ts";
import { retried } from "./retried.ts";
import { INTERFACE_NAME_LENGTH_MAX, type NetworkSettings } from "./settings.ts";
import { bytecode } from "./packet_program.ts";
import { fromGuest, type GuestRules, toGuest } from "./tap_filter.ts";

const TAP_PREFIX = "vpt-";
const TAP_NAME = /^vpt-[0-9a-hjkmnp-tv-z]{11}$/;
const ALIAS_PREFIX = "viper-tap:";
/** Five bits a character and no look-alikes: Crockford's base 32. */
const BASE32 = "0123456789abcdefghjkmnpqrstvwxyz";

/** A tap that exists. */
export interface Tap {
  readonly name: string;
}

/** What a VM's tap is made with. */
export interface TapPlan extends GuestRules {
  /** The user whose processes may open the tap; `null`: root alone. */
  readonly owner: number | null;
}

/** What a tap's alias tells: whose it is. */
export interface TapMark {
  readonly bridge: string;
  readonly id: string;
  readonly ip: string;
  readonly mac: string;
}

/** The name of a VM's tap: `vpt-` and 55 bits of a hash of its id. Pure. */
export function tapName(id: string): string {
  const hash = createHash("sha256").update(id).digest();
  let name = TAP_PREFIX;
  for (let at = 0; name.length < INTERFACE_NAME_LENGTH_MAX; at++) {
    name += BASE32[(hash[at] ?? 0) & 31];
  }
  return name;
}

/** What a link's alias says of it; `null` when it is no tap of ours. Pure. */
export function readMark({ alias }: Pick<Link, "alias">): TapMark | null {
  const match = /^viper-tap:([^,]+),([^,]+),([\d.]+),([\da-f:]{17})$/.exec(alias);
  if (match === null) return null;
  const [, bridge = "", id = "", ip = "", mac = ""] = match;
  return { bridge, id, ip, mac };
}

/**
 * Makes the VM's tap, an isolated port of the bridge with its filters; one that a crashed daemon
 * left is remade.
 *
 * @throws {ViperError} `vm_start_failed`, with nothing left behind
 */
export async function createTap(
  host: Host,
  settings: NetworkSettings,
  id: string,
  plan: TapPlan,
): Promise<Tap> {
  const name = tapName(id);
  await using undo = new AsyncDisposableStack();
  try {
    if (await isTaken(host, name)) await removeLeftover(host, settings, id);

    undo.defer(() => retried(() => removeOwn(host, settings, id)));
    const owner = plan.owner === null ? "" : ` user ${plan.owner}`;
    const alias = `${ALIAS_PREFIX}${settings.bridge},${id},${plan.ip},${plan.mac}`;
    await runBatch(host, "network.tap:add", "ip", [
      `tuntap add dev ${name} mode tap${owner}`,
      `link set dev ${name} alias ${alias}`,
    ]);
    await attachTap(host, settings, name, plan);
    undo.move();
    return { name };
  } catch (cause) {
    throw tapFailure(cause, name, id);
  }
}

/** What the kernel says when it cannot, and what to do about that. */
const HINTS: readonly [says: RegExp, hint: string][] = [
  [
    /classifier not found|qdisc kind is unknown/i,
    "The kernel needs two modules for it: modprobe -a sch_ingress cls_bpf",
  ],
  [/Exchange full/i, "A bridge has 1,023 ports: delete a VM, then try again"],
];

function tapFailure(cause: unknown, name: string, id: string): ViperError {
  if (cause instanceof ViperError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  const hint = HINTS.find(([says]) => says.test(reason))?.[1];
  return new ViperError(
    "vm_start_failed",
    `Cannot make the tap "${name}" of VM "${id}": ${reason}`,
    { cause, ...(hint === undefined ? {} : { hint }) },
  );
}

/** Gives a tap its filters, then its place on the bridge. Idempotent: it also repairs. */
export async function attachTap(
  host: Host,
  { bridge, ...settings }: NetworkSettings,
  name: string,
  rules: GuestRules,
): Promise<void> {
  // Filtered and isolated before it is up: there is no moment at which a guest reaches more.
  await filterTap(host, "network.tap:filter", { bridge, ...settings }, name, rules);
  const { ip, mac } = rules;
  await runBatch(host, "network.tap:attach", "ip", [
    `link set dev ${name} addrgenmode none`,
    `link set dev ${name} master ${bridge}`,
    `link set dev ${name} type bridge_slave ${
      PORT_FLAGS.map(([flag, isOn]) => `${flag} ${isOn ? "on" : "off"}`).join(" ")
    }`,
    `neighbour replace ${ip} lladdr ${mac} nud permanent dev ${bridge}`,
    `link set dev ${name} up`,
  ]);
  // The bridge learns and floods nothing, so it is told where the guest is.
  const entry = [mac, "dev", name, "master", "static"];
  await host.run("network.tap:forwarding_entry", ["bridge", "fdb", "replace", ...entry]);
}

/** Flags of a port in the words of ip-link(8), which are those of `bridge -json`, too. */
export const PORT_FLAGS = [
  ["isolated", true],
  ["learning", false],
  ["flood", false],
  ["mcast_flood", false],
  ["bcast_flood", false],
] as const;

/** Puts the filters of both directions in place of those that are there, each at once. */
export async function filterTap(
  host: Host,
  label: Label,
  settings: NetworkSettings,
  name: string,
  rules: GuestRules,
): Promise<void> {
  const filter = `pref 1 handle 1 protocol all bpf direct-action bytecode`;
  const { ingress, egress } = tapPrograms(settings, rules);
  await runBatch(host, label, "tc", [
    `qdisc replace dev ${name} clsact`,
    `filter replace dev ${name} ingress ${filter} "${ingress}"`,
    `filter replace dev ${name} egress ${filter} "${egress}"`,
  ]);
}

/** Both programs as text, by the tap's own directions: what a guest sends comes in. Pure. */
export function tapPrograms(
  settings: NetworkSettings,
  rules: GuestRules,
): { readonly ingress: string; readonly egress: string } {
  return {
    ingress: bytecode(fromGuest(settings, rules)),
    egress: bytecode(toGuest(settings, rules)),
  };
}

/** Changes what a tap lets pass. @throws {ViperError} `vm_not_running` when there is no such tap */
export async function setTapEgress(
  host: Host,
  settings: NetworkSettings,
  id: string,
  egress: Egress,
): Promise<void> {
  const name = tapName(id);
  const link = await readLink(host, "network.egress:look", name);
  const mark = link === null ? null : readMark(link);
  if (mark?.id !== id) {
    throw new ViperError("vm_not_running", `Cannot set the egress of VM "${id}": it has no tap`);
  }
  await filterTap(host, "network.egress:filter", settings, name, { ...mark, egress });
}

/** Removes the VM's tap with all that belongs to it, unless it is gone or not ours. Idempotent. */
export async function removeTap(host: Host, settings: NetworkSettings, id: string): Promise<void> {
  await retried(() => removeOwn(host, settings, id));
}

async function removeOwn(host: Host, { bridge }: NetworkSettings, id: string): Promise<void> {
  const name = tapName(id);
  const link = await readLink(host, "network.tap:look_undo", name);
  if (link === null || !isOwn(link, id)) return;
  const mark = readMark(link);
  await runBatch(host, "network.tap:remove_undo", "ip", [
    // First what only the tap's alias tells of.
    ...(mark !== null && link.bridge === bridge
      ? [`neighbour flush to ${mark.ip} dev ${bridge} nud permanent`]
      : []),
    `link delete dev ${name}`,
  ]);
}

/** The VM's by its alias, or by its name when its maker was stopped before it wrote the alias. */
function isOwn(link: Link, id: string): boolean {
  const mark = readMark(link);
  return mark === null ? isUnmarked(link) : mark.id === id;
}

/** Nobody's yet: a tap with a name of ours that nothing was done with. */
function isUnmarked({ name, kind, alias, isUp, bridge }: Link): boolean {
  return kind === "tun" && TAP_NAME.test(name) && alias === "" && !isUp && bridge === null;
}

/** Removes the taps whose makers were stopped before they wrote whose they are. */
export async function sweepUnmarkedTaps(host: Host): Promise<void> {
  const taps = (await readTaps(host, "network.tap:sweep_look")).filter(isUnmarked);
  if (taps.length === 0) return;
  const lines = taps.map(({ name }) => `link delete dev ${name}`);
  await runBatch(host, "network.tap:sweep_undo", "ip", lines);
}

/** The marks of all taps that were made for this bridge, whether or not they hang on it. */
export async function tapMarks(host: Host, label: Label, bridge: string): Promise<TapMark[]> {
  return (await readTaps(host, label)).map(readMark)
    .filter((mark) => mark !== null && mark.bridge === bridge) as TapMark[];
}

/** Every link of this namespace has its folder there, and to look needs no process. */
async function isTaken(host: Host, name: string): Promise<boolean> {
  return await host.files.stat("network.tap:look", `/proc/sys/net/ipv4/conf/${name}`) !== null;
}

/** Removes the tap of this very VM. A link of that name with another owner is refused. */
async function removeLeftover(host: Host, settings: NetworkSettings, id: string): Promise<void> {
  const name = tapName(id);
  const link = await readLink(host, "network.tap:leftover_look", name);
  if (link === null) return;
  if (isOwn(link, id)) return await removeOwn(host, settings, id);
  const owner = link.alias === "" ? "something else" : `"${link.alias}"`;
  throw new ViperError(
    "vm_start_failed",
    `Cannot make the tap "${name}" of VM "${id}" on "${settings.bridge}": it exists and belongs to ${owner}`,
  );
}
