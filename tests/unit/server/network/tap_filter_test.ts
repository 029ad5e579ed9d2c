/** The filters by themselves: every kind of frame, and addresses against what the egress says. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { fromGuest, toGuest } from "../../../../server/network/tap_filter.ts";
import { formatIpv4, parseIpv4 } from "../../../../server/network/subnet.ts";
import { bytecode } from "../../../../server/network/packet_program.ts";
import { EGRESS_CIDRS_MAX } from "../../../../protocol/vms.ts";
import { FRAME_SETTINGS, GATEWAY, GUEST, GUEST_FRAMES, PEER } from "../../../guest_frames.ts";
import { arpRequest, ethernet, icmp, ipv4, tcp, udp } from "../../../frames.ts";
import { passes } from "./packet_machine.ts";

const [ICMP, TCP, UDP] = [1, 6, 17];
const rules = (egress: Parameters<typeof fromGuest>[1]["egress"]) => ({ ...GUEST, egress });

for (const [title, frame, isPassed] of GUEST_FRAMES) {
  Deno.test(`fromGuest() ${isPassed ? "passes" : "drops"} ${title}`, () => {
    assert.equal(passes(fromGuest(FRAME_SETTINGS, rules("internet")), frame), isPassed);
  });
}

Deno.test("fromGuest() passes name service to the host where it is the resolver", () => {
  const settings = { ...FRAME_SETTINGS, resolvers: [GATEWAY.ip] };
  const query = ipv4(GUEST, GATEWAY, UDP, udp(40_000, 53));
  assert.equal(passes(fromGuest(settings, rules("internet")), query), true);
  assert.equal(passes(fromGuest(settings, rules("none")), query), false);
});

const isWithin = (address: number, cidr: string) => {
  const [network = "", prefix = ""] = cidr.split("/");
  const size = 2 ** (32 - Number(prefix));
  return Math.floor(address / size) === Math.floor(parseIpv4(network) / size);
};
const NEVER = ["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4"];
const NEVER_OR_GUEST = [...NEVER, FRAME_SETTINGS.subnet];
const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];

/** Anywhere, and often at the edges where ranges begin and end. */
const address = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  fc.tuple(
    fc.constantFrom(...NEVER_OR_GUEST, ...PRIVATE, "20.0.0.0/7"),
    fc.integer({ min: -2, max: 1 }),
    fc.boolean(),
  ).map(([cidr, offset, isEnd]) => {
    const [network = "", prefix = ""] = cidr.split("/");
    const number = parseIpv4(network) + (isEnd ? 2 ** (32 - Number(prefix)) : 0) + offset;
    return (number + 2 ** 32) % 2 ** 32;
  }),
).filter((number) => number !== parseIpv4(GATEWAY.ip));

const cidr = fc.tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 32 }))
  .map(([number, prefix]) => {
    const size = 2 ** (32 - prefix);
    return `${formatIpv4(number - number % size)}/${prefix}`;
  });

Deno.test("fromGuest() and toGuest() agree with the egress on every address", () => {
  const egress = fc.oneof(
    fc.constantFrom("internet" as const, "none" as const, "open" as const),
    fc.array(cidr, { maxLength: EGRESS_CIDRS_MAX }),
  );
  fc.assert(fc.property(egress, address, (egress, number) => {
    const other = { ip: formatIpv4(number), mac: GATEWAY.mac };
    const isIn = (cidrs: readonly string[]) => cidrs.some((cidr) => isWithin(number, cidr));
    const isAllowed = !isIn(NEVER_OR_GUEST) &&
      (egress === "open" || typeof egress === "object" && isIn(egress) ||
        egress === "internet" && !isIn(PRIVATE) && !isIn(RESERVED));
    const settings = { ...FRAME_SETTINGS, resolvers: [] };
    const out = ipv4(GUEST, other, UDP, udp(40_000, 443));
    assert.equal(passes(fromGuest(settings, rules(egress)), out), isAllowed, other.ip);
    const back = ipv4(other, GUEST, UDP, udp(443, 40_000));
    assert.equal(passes(toGuest(settings, rules(egress)), back), isAllowed, other.ip);
  }));
});

/** Small reserved ranges; that each is blocked is said here once more, by hand. */
const RESERVED = [
  ...["192.0.0.0/24", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"],
  ...["192.88.99.0/24", "198.18.0.0/15"],
];

Deno.test("fromGuest() forbids each reserved range to the internet egress", () => {
  for (const cidr of [...RESERVED, ...PRIVATE, ...NEVER]) {
    const other = { ip: cidr.split("/")[0] ?? "", mac: GATEWAY.mac };
    const frame = ipv4(GUEST, other, TCP, tcp(1, 443, 2));
    assert.equal(passes(fromGuest(FRAME_SETTINGS, rules("internet")), frame), false, cidr);
  }
});

Deno.test("toGuest() passes the host, the resolver and errors on the way, to the guest alone", () => {
  const at = (ip: string) => ({ ip, mac: GATEWAY.mac });
  const rows: readonly [string, Uint8Array, internet: boolean, none: boolean][] = [
    ["ARP", arpRequest(GATEWAY.mac, GATEWAY, GUEST.ip), true, true],
    ["the host", ipv4(GATEWAY, GUEST, TCP, tcp(40_000, 8080, 2)), true, true],
    ["the host to another", ipv4(GATEWAY, PEER, TCP, tcp(40_000, 8080, 2)), false, false],
    ["another guest", ipv4(PEER, GUEST, TCP, tcp(40_000, 8080, 2)), false, false],
    ["the resolver", ipv4(at("10.0.0.53"), GUEST, UDP, udp(53, 40_000)), true, false],
    ["a router's word on sizes", ipv4(at("10.9.9.9"), GUEST, ICMP, icmp(3)), true, false],
    ["a private ping", ipv4(at("10.9.9.9"), GUEST, ICMP, icmp(8)), false, false],
    ["IPv6", ethernet(GUEST.mac, GATEWAY.mac, 0x86dd, Array(60).fill(0)), false, false],
  ];
  for (const [title, frame, internet, none] of rows) {
    assert.equal(passes(toGuest(FRAME_SETTINGS, rules("internet")), frame), internet, title);
    assert.equal(passes(toGuest(FRAME_SETTINGS, rules("none")), frame), none, title);
  }
});

Deno.test("fromGuest() fits the kernel with the longest egress and every port there may be", () => {
  const settings = { ...FRAME_SETTINGS, openPorts: Array.from({ length: 256 }, (_, at) => at + 1) };
  const egress = Array.from({ length: EGRESS_CIDRS_MAX }, (_, at) => `20.0.${at}.0/24`);
  assert.match(bytecode(fromGuest(settings, rules(egress))), /^\d+,/);
});
