/**
 * Addresses of VMs: leases out of the subnet's pool, and MACs that follow from them.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { ViperError } from "../../protocol/problems.ts";
import type { Subnet } from "../network/subnet.ts";
import type { LeaseRows } from "../store/lease_rows.ts";

/** When a client that was refused may ask again. */
const RETRY_AFTER_SECONDS = 5;
/** The address of every VM of a runtime that has no network of ours. */
export const LOOPBACK = "127.0.0.1";

/** Gives out the lowest free address of a subnet. */
export class AddressPool {
  constructor(
    private readonly subnet: Subnet,
    /** The host's own address, which no guest gets. */
    private readonly hostIp: string,
    private readonly leases: LeaseRows,
  ) {}

  /**
   * The lowest free address, not yet leased.
   *
   * @throws {ViperError} `addresses_exhausted`
   */
  pick(): string {
    const taken = new Set([this.hostIp, ...this.leases.addresses()]);
    for (const address of this.subnet.hosts()) if (!taken.has(address)) return address;
    throw new ViperError(
      "addresses_exhausted",
      `Cannot lease an address: all of ${this.subnet.cidr} are in use`,
      { retryAfterSeconds: RETRY_AFTER_SECONDS },
    );
  }

  /** Leases the address to a VM that has its row, in the same transaction as the pick. */
  lease(ipAddress: string, vmId: string, at: string): void {
    this.leases.insert({ ipAddress, vmId, at });
  }
}

/** How many guests the subnet has addresses for: one is the host's own. */
export function guestAddresses({ hostCount }: Subnet): number {
  return hostCount - 1;
}

/** The guest's MAC: `02:` (locally administered, unicast) and five bytes of SHA-1(`name|ip`). */
export function macAddress(name: string, ip: string): string {
  const digest = createHash("sha1").update(`${name}|${ip}`).digest("hex");
  return ["02", ...(digest.slice(0, 10).match(/../g) ?? [])].join(":");
}
