/**
 * Where a request comes from: addresses, the lists that they are held against, and what proxies
 * say of those behind them.
 *
 * @module
 */
import { BlockList, isIP } from "node:net";

/** A set of addresses. */
export interface Cidrs {
  has(address: string): boolean;
}

/**
 * Reads a list such as `10.0.0.0/8, fd00::/8, 192.0.2.1`. `setting` names it in the error.
 *
 * @throws {TypeError} that quotes the first entry that is neither an address nor a CIDR
 */
export function parseCidrs(entries: readonly string[], setting: string): Cidrs {
  const list = new BlockList();
  for (const entry of entries) {
    const match = /^([0-9a-fA-F.:]+)(?:\/(\d{1,3}))?$/.exec(entry);
    const address = match?.[1] ?? "";
    const version = isIP(address);
    const prefix = Number(match?.[2] ?? (version === 4 ? 32 : 128));
    if (version === 0 || prefix > (version === 4 ? 32 : 128)) {
      throw new TypeError(
        `Cannot use "${entry}" in ${setting}: write addresses and CIDRs, such as 10.0.0.0/8`,
      );
    }
    list.addSubnet(address, prefix, family(version));
  }
  return { has: (address) => list.check(address, family(isIP(address))) };
}

/** Tells clients from the proxies that stand before them. */
export interface PeerRules {
  /** Who may connect; `null`: everyone. */
  readonly allowed: Cidrs | null;
  /** Whose word in `X-Forwarded-For` counts. */
  readonly trustedProxies: Cidrs;
}

/**
 * The client's address: the peer's own, or what trusted proxies say. Read from the right, since
 * each proxy appends whom it speaks for, and what stands left of an untrusted hop is hearsay.
 * `null` when a trusted proxy names no address.
 */
export function clientAddress(
  peer: string,
  forwardedFor: string | null,
  trusted: Cidrs,
): string | null {
  let address = plainAddress(peer);
  const hops = forwardedFor === null ? [] : forwardedFor.split(",");
  while (address !== null && trusted.has(address) && hops.length > 0) {
    address = plainAddress(hops.pop()?.trim() ?? "");
  }
  return address;
}

/** How a client names this server, such as `https://viper.example`: what proxies say counts if trusted. */
export function originOf(
  request: Request,
  { peer, isTls }: { readonly peer: string | null; readonly isTls: boolean },
  trusted: Cidrs,
): string {
  const { host } = new URL(request.url);
  const own = `${isTls ? "https" : "http"}://${host}`;
  const address = peer === null ? null : plainAddress(peer);
  if (address === null || !trusted.has(address)) return own;
  const first = (name: string) => request.headers.get(name)?.split(",")[0]?.trim();
  const told = `${first("x-forwarded-proto") ?? (isTls ? "https" : "http")}://${
    first("x-forwarded-host") ?? host
  }`;
  return /^https?:\/\/[^/?#@]+$/.test(told) && URL.canParse(told) ? told : own;
}

/** Whom failures are counted for: an address, or the /64 that one IPv6 client has to itself. */
export function failureBucket(address: string | null): string {
  if (address === null) return "unknown";
  if (isIP(address) !== 6) return address;
  const [head = "", tail = ""] = address.split("::");
  const groups = head.split(":").filter(Boolean);
  const missing = 8 - groups.length - tail.split(":").filter(Boolean).length;
  const all = [...groups, ...Array<string>(address.includes("::") ? missing : 0).fill("0")];
  const network = [...all, ...tail.split(":")].slice(0, 4).map((group) =>
    parseInt(group || "0", 16)
  );
  return `${network.map((group) => group.toString(16)).join(":")}::/64`;
}

/** Without the brackets, port, zone and IPv4-in-IPv6 form that it may come with. */
function plainAddress(text: string): string | null {
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ??
    /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text)?.[1] ?? text;
  const address = bare.replace(/%.*$/, "").replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "");
  return isIP(address) === 0 ? null : address.toLowerCase();
}

function family(version: number): "ipv4" | "ipv6" {
  return version === 4 ? "ipv4" : "ipv6";
}
