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
import { type Link, readLink, removeLink } from "./link.ts";
import { retried } from "./retried.ts";
import type { NetworkSettings } from "./settings.ts";
import { parseIpv4, type Subnet } from "./subnet.ts";
import { readSysctl, setSysctl } from "./sysctl.ts";

const ALIAS_PREFIX = "viper-bridge:ip_forward=";
const FORWARDING = { name: "ip_forward", path: "/proc/sys/net/ipv4/ip_forward", value: "1" };
/** What `ip` exits with when the kernel refuses, such as for an address that is gone. */
const EXIT_REFUSED = 2;

/** Makes or adopts the bridge and brings it up; every change has its undo on the stack. */
export async function openBridge(
  host: Host,
  undo: AsyncDisposableStack,
  settings: NetworkSettings,
  subnet: Subnet,
): Promise<void> {
  const { bridge } = settings;
  const link = await readLink(host, "network.bridge:look", bridge);
  if (link !== null && link.kind !== "bridge") {
    throw new ViperError(
      "runtime_unavailable",
      `Cannot open the network: "${bridge}" exists and is not a bridge`,
      { hint: "Remove it or choose another name (VIPER_BRIDGE)" },
    );
  }

  const isOurs = link === null || link.alias.startsWith(ALIAS_PREFIX);
  if (isOurs) undo.defer(() => retried(() => removeLink(host, "network.bridge:undo", bridge)));
  const forwardedBefore = link === null
    ? await makeBridge(host, settings)
    : isOurs
    ? link.alias.slice(ALIAS_PREFIX.length)
    : undefined;

  // Whatever is set on a bridge of ours goes with it.
  const deviceUndo = isOurs ? new AsyncDisposableStack() : undo;
  // Over IPv6 guests would reach every service of the host past the IPv4 rules.
  const path = `/proc/sys/net/ipv6/conf/${bridge}/disable_ipv6`;
  await setSysctl(host, deviceUndo, { name: "disable_ipv6", path, value: "1" });
  await addAddress(host, deviceUndo, settings, subnet);
  await bringUp(host, deviceUndo, bridge, link);
  await setSysctl(host, undo, { ...FORWARDING, before: forwardedBefore });
}

/** Makes the bridge and returns what forwarding was set to before. */
async function makeBridge(host: Host, { bridge, hostIp }: NetworkSettings): Promise<string> {
  const forwarded = await readSysctl(host, FORWARDING) ?? "0";
  // Without an address of its own a bridge takes its ports' lowest, which changes with each tap.
  const device = ["name", bridge, "address", bridgeMac(hostIp), "type", "bridge"];
  await host.run("network.bridge:add", ["ip", "link", "add", ...device]);
  const alias = `${ALIAS_PREFIX}${forwarded}`;
  await host.run("network.bridge:mark", ["ip", "link", "set", "dev", bridge, "alias", alias]);
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
): Promise<void> {
  const address = `${hostIp}/${prefixLength}`;
  const shown = await host.run("network.bridge:address_look", [
    ...["ip", "-oneline", "-4", "address", "show", "dev", bridge],
  ]);
  if (shown.stdout.includes(` ${address} `)) return;
  undo.defer(() =>
    retried(async () => {
      const argv = ["ip", "address", "delete", address, "dev", bridge];
      await host.run("network.bridge:address_undo", argv, { okCodes: [0, EXIT_REFUSED] });
    })
  );
  const argv = ["ip", "address", "add", address, "broadcast", "+", "dev", bridge];
  await host.run("network.bridge:address_add", argv);
}

async function bringUp(
  host: Host,
  undo: AsyncDisposableStack,
  bridge: string,
  before: Link | null,
): Promise<void> {
  if (before?.isUp) return;
  undo.defer(() =>
    retried(async () => {
      await host.run("network.bridge:up_undo", ["ip", "link", "set", "dev", bridge, "down"]);
    })
  );
  await host.run("network.bridge:up", ["ip", "link", "set", "dev", bridge, "up"]);
}
