/**
 * The bridge that all guests hang on, with the host's address and IPv4 forwarding.
 *
 * A bridge that Viper makes carries in its alias what the host was like before. A daemon that
 * comes after a crashed one thereby knows that the bridge is Viper's and what to put back; a
 * bridge without that alias belongs to the host's owner and stays.
 *
 * @module
 */
import type { Host } from "../../host/host.ts";
import { ViperError } from "../../protocol/problems.ts";
import { runBatch } from "./batch.ts";
import { type Link, readLink, removeLink } from "./link.ts";
import { retried } from "./retried.ts";
import type { NetworkSettings } from "./settings.ts";
import { parseIpv4, type Subnet } from "./subnet.ts";
import { readSysctl, setSysctl } from "./sysctl.ts";

const ALIAS_PREFIX = "viper-bridge:ip_forward=";
const FORWARDING = { name: "ip_forward", path: "/proc/sys/net/ipv4/ip_forward", value: "1" };
/** What `ip` exits with when the kernel refuses, such as for an address that is gone. */
const EXIT_REFUSED = 2;

/** What opening a bridge did. */
export interface OpenedBridge {
  /** What IPv4 forwarding was set to before there was a bridge. */
  readonly forwardedBefore: string;
  /** What was not as it should be, in words. */
  readonly changes: readonly string[];
}

/**
 * Makes or adopts the bridge and brings it up; every change has its undo on the stack.
 *
 * @param forwardedBefore what is known of forwarding when a bridge has to be made again
 */
export async function openBridge(
  host: Host,
  undo: AsyncDisposableStack,
  settings: NetworkSettings,
  subnet: Subnet,
  forwardedBefore?: string,
): Promise<OpenedBridge> {
  const { bridge } = settings;
  const link = await readLink(host, "network.bridge:look", bridge);
  if (link !== null && link.kind !== "bridge") {
    throw new ViperError(
      "runtime_unavailable",
      `Cannot open the network: "${bridge}" exists and is not a bridge`,
      { hint: "Remove it or choose another name (VIPER_BRIDGE)" },
    );
  }

  const mark = link === null || isUnmarked(link, settings) ? null : link.alias;
  const isOurs = mark === null || mark.startsWith(ALIAS_PREFIX);
  if (isOurs) undo.defer(() => retried(() => removeLink(host, "network.bridge:undo", bridge)));
  const before = mark === null
    ? await makeBridge(host, settings, link, forwardedBefore)
    : isOurs
    ? mark.slice(ALIAS_PREFIX.length)
    : forwardedBefore;

  // Whatever is set on a bridge of ours goes with it.
  const deviceUndo = isOurs ? new AsyncDisposableStack() : undo;
  // Over IPv6 guests would reach every service of the host past the IPv4 rules.
  const path = `/proc/sys/net/ipv6/conf/${bridge}/disable_ipv6`;
  const ipv6 = { name: "disable_ipv6", path, value: "1" };
  const changes = [
    [mark === null, "made the bridge"],
    [await setSysctl(host, deviceUndo, ipv6), "switched IPv6 off on the bridge"],
    [await addAddress(host, deviceUndo, settings, subnet), "gave the bridge its address"],
    [await bringUp(host, deviceUndo, bridge, link), "brought the bridge up"],
    [await setSysctl(host, undo, { ...FORWARDING, before }), "switched IPv4 forwarding on"],
  ] as const;
  return {
    forwardedBefore: before ?? "1",
    changes: changes.filter(([isDone]) => isDone).map(([, what]) => what),
  };
}

/** Made by a daemon that was stopped before it wrote the alias, and so not used for anything yet. */
function isUnmarked({ alias, mac, isUp }: Link, { hostIp }: NetworkSettings): boolean {
  return alias === "" && !isUp && mac === bridgeMac(hostIp);
}

/** Makes the bridge, unless it only lacks its mark; returns what forwarding was set to before. */
async function makeBridge(
  host: Host,
  { bridge, hostIp }: NetworkSettings,
  unmarked: Link | null,
  forwardedBefore?: string,
): Promise<string> {
  const forwarded = forwardedBefore ?? await readSysctl(host, FORWARDING) ?? "0";
  // Without an address of its own a bridge takes its ports' lowest, which changes with each tap.
  const make = `link add name ${bridge} address ${bridgeMac(hostIp)} type bridge`;
  await runBatch(host, "network.bridge:add", "ip", [
    ...(unmarked === null ? [make] : []),
    `link set dev ${bridge} alias ${ALIAS_PREFIX}${forwarded}`,
  ]);
  return forwarded;
}

/** A locally administered address made of the host's IPv4 address. Pure. */
export function bridgeMac(hostIp: string): string {
  const number = parseIpv4(hostIp).toString(16).padStart(8, "0");
  return ["02", "56", ...(number.match(/../g) ?? [])].join(":");
}

async function addAddress(
  host: Host,
  undo: AsyncDisposableStack,
  { bridge, hostIp }: NetworkSettings,
  { prefixLength }: Subnet,
): Promise<boolean> {
  const address = `${hostIp}/${prefixLength}`;
  const shown = await host.run("network.bridge:address_look", [
    ...["ip", "-oneline", "-4", "address", "show", "dev", bridge],
  ]);
  if (shown.stdout.includes(` ${address} `)) return false;
  undo.defer(() =>
    retried(async () => {
      const argv = ["ip", "address", "delete", address, "dev", bridge];
      await host.run("network.bridge:address_undo", argv, { okCodes: [0, EXIT_REFUSED] });
    })
  );
  const argv = ["ip", "address", "add", address, "broadcast", "+", "dev", bridge];
  await host.run("network.bridge:address_add", argv);
  return true;
}

async function bringUp(
  host: Host,
  undo: AsyncDisposableStack,
  bridge: string,
  before: Link | null,
): Promise<boolean> {
  if (before?.isUp) return false;
  undo.defer(() =>
    retried(async () => {
      await host.run("network.bridge:up_undo", ["ip", "link", "set", "dev", bridge, "down"]);
    })
  );
  await host.run("network.bridge:up", ["ip", "link", "set", "dev", bridge, "up"]);
  return true;
}
