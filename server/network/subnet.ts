/** IPv4 arithmetic: a subnet, its mask and its host addresses (RFC 4632). Pure. */

/** Prefix lengths that leave room for hosts without making a lease search long. */
const PREFIX_LENGTH_MIN = 16;
const PREFIX_LENGTH_MAX = 30;

/** An IPv4 subnet; addresses are dotted text. */
export interface Subnet {
  /** Such as `192.168.127.0/24`. */
  readonly cidr: string;
  readonly prefixLength: number;
  /** Such as `255.255.255.0`. */
  readonly netmask: string;
  readonly networkAddress: string;
  readonly broadcastAddress: string;
  /** Whether the address lies in the subnet, its network and broadcast address included. */
  contains(address: string): boolean;
  /** How many addresses a host may have. */
  readonly hostCount: number;
  /** Every address that a host may have, in order. */
  hosts(): Generator<string>;
}

/** Reads `a.b.c.d/n`, n from 16 to 30. @throws {TypeError} that quotes the text */
export function parseSubnet(cidr: string): Subnet {
  const [address = "", prefix = "", ...rest] = cidr.split("/");
  const prefixLength = /^\d{1,2}$/.test(prefix) ? Number(prefix) : NaN;
  const isInRange = prefixLength >= PREFIX_LENGTH_MIN && prefixLength <= PREFIX_LENGTH_MAX;
  if (!isInRange || rest.length > 0) {
    throw new TypeError(
      `Cannot read the subnet "${cidr}": write it as 192.168.127.0/24, with a prefix length ` +
        `from ${PREFIX_LENGTH_MIN} to ${PREFIX_LENGTH_MAX}`,
    );
  }
  const size = 2 ** (32 - prefixLength);
  const first = parseIpv4(address);
  if (first % size !== 0) {
    const meant = formatIpv4(first - first % size);
    throw new TypeError(`Cannot read the subnet "${cidr}": did you mean ${meant}/${prefix}`);
  }
  const last = first + size - 1;
  return {
    cidr,
    prefixLength,
    netmask: formatIpv4(2 ** 32 - size),
    networkAddress: formatIpv4(first),
    broadcastAddress: formatIpv4(last),
    contains: (other) => {
      const number = parseIpv4(other);
      return number >= first && number <= last;
    },
    hostCount: size - 2,
    hosts: function* () {
      for (let number = first + 1; number < last; number++) yield formatIpv4(number);
    },
  };
}

/** `a.b.c.d` as a number below 2³². @throws {TypeError} that quotes the text */
export function parseIpv4(address: string): number {
  const parts = address.split(".");
  // A leading zero means octal to some readers and decimal to others.
  const isValid = parts.length === 4 &&
    parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
  if (!isValid) throw new TypeError(`Cannot read the IPv4 address "${address}"`);
  return parts.reduce((number, part) => number * 256 + Number(part), 0);
}

/** The reverse of {@linkcode parseIpv4}. */
export function formatIpv4(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}
