/**
 * What a guest may reach outside, as ranges of addresses. Pure. Host names are to become addresses
 * before they come here: a list that changes is given to the network again while the VM runs.
 *
 * @module
 */
import type { Egress } from "../../protocol/vms.ts";

/** Ranges that decide; an address outside all of them gets the other verdict. */
export interface EgressRanges {
  readonly verdict: "allow" | "forbid";
  readonly cidrs: readonly string[];
}

/**
 * Nobody's to reach, whatever the egress: this host, link-local addresses with the metadata
 * services of clouds, multicast, reserved and broadcast.
 */
export const NEVER_REACHED = [
  ...["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4"],
] as const;

/**
 * Not the internet: private, shared, documentation and benchmark ranges.
 * https://www.iana.org/assignments/iana-ipv4-special-registry
 */
const NOT_INTERNET = [
  ...["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"],
  ...["192.0.0.0/24", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"],
  ...["192.88.99.0/24", "198.18.0.0/15"],
] as const;

/** What an egress means in ranges. */
export function egressRanges(egress: Egress): EgressRanges {
  switch (egress) {
    case "none":
      return { verdict: "allow", cidrs: [] };
    case "open":
      return { verdict: "forbid", cidrs: [] };
    case "internet":
      return { verdict: "forbid", cidrs: NOT_INTERNET };
    default:
      return { verdict: "allow", cidrs: egress };
  }
}
