import type { Host } from "../../host/host.ts";
import { parseIpv4 } from "./subnet.ts";

/** The second is where systemd-resolved keeps those behind its own one on loopback. */
const FILES = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];
/** MAXNS of resolv.conf(5): more are not asked. */
const RESOLVERS_MAX = 3;

/**
 * The name servers that the host asks and a guest can ask too, so those on loopback are left out.
 * None when the host has none.
 */
export async function hostResolvers(host: Host): Promise<string[]> {
  for (const path of FILES) {
    // A file that is absent, or a link to none, names nobody.
    const text = await host.files.readText("network.resolvers:read", path).catch(() => "");
    const found = reachableResolvers(text);
    if (found.length > 0) return found;
  }
  return [];
}

/** The IPv4 name servers of a resolv.conf(5) that are not the machine itself. Pure. */
export function reachableResolvers(text: string): string[] {
  return [...text.matchAll(/^nameserver[ \t]+(\S+)/gm)].map(([, address = ""]) => address)
    .filter((address) => isIpv4(address) && !/^(127|0)\./.test(address)).slice(0, RESOLVERS_MAX);
}

function isIpv4(text: string): boolean {
  try {
    parseIpv4(text);
    return true;
  } catch {
    return false;
  }
}
