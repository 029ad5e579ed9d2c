import { parseIpv4, parseSubnet, type Subnet } from "./subnet.ts";

/** An interface's name takes 15 bytes; see IFNAMSIZ in netdevice(7). */
export const INTERFACE_NAME_LENGTH_MAX = 15;

/** The guests' network as the daemon is configured. */
export interface NetworkSettings {
  /** @default "viperbr0" */
  readonly bridge: string;
  /** @default "192.168.127.0/24" */
  readonly subnet: string;
  /** The host's address on the bridge and the guests' gateway. @default "192.168.127.1" */
  readonly hostIp: string;
  /** The one TCP port of the host, on `hostIp`, that guests may always reach. */
  readonly guestPort: number;
  /** TCP ports of the host that guests may reach beside it, such as the demo's page. */
  readonly openPorts?: readonly number[];
  /** Name servers that guests may ask on port 53, unless their egress is `none`. */
  readonly resolvers?: readonly string[];
}

/** Checks the settings and returns the subnet. @throws {TypeError} that quotes what is wrong */
export function checkSettings(settings: NetworkSettings): Subnet {
  const { bridge, subnet: cidr, hostIp, resolvers = [] } = settings;
  if (!/^[a-z][a-z0-9_.-]*$/i.test(bridge) || bridge.length > INTERFACE_NAME_LENGTH_MAX) {
    throw new TypeError(
      `Cannot name a bridge "${bridge}": a letter and up to 14 of letters, digits, ".", "_", "-"`,
    );
  }
  const subnet = parseSubnet(cidr);
  const isHost = subnet.contains(hostIp) && hostIp !== subnet.networkAddress &&
    hostIp !== subnet.broadcastAddress;
  if (!isHost) throw new TypeError(`Cannot use "${hostIp}" as a host's address in ${cidr}`);
  for (const address of resolvers) parseIpv4(address);
  return subnet;
}
