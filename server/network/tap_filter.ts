/**
 * What passes a VM's tap, either way: a packet program each, which the kernel runs on the tap and
 * forgets with it. A guest can neither pretend to be another nor reach what its egress forbids,
 * also while the host's packet filter is being flushed by somebody else. Pure.
 *
 * @module
 */
import type { Egress } from "../../protocol/vms.ts";
import { egressRanges, NEVER_REACHED } from "./egress.ts";
import {
  byteAt,
  type Condition,
  DROP,
  type Field,
  frameLength,
  halfAt,
  type Instruction,
  PASS,
  vlanTag,
  when,
  wordAt,
} from "./packet_program.ts";
import type { NetworkSettings } from "./settings.ts";
import { parseIpv4 } from "./subnet.ts";

/** Whom a tap belongs to and what it lets pass. */
export interface GuestRules {
  readonly ip: string;
  readonly mac: string;
  readonly egress: Egress;
}

const ETHER_TYPE = halfAt(12);
const IPV4 = 0x0800;
const ARP = 0x0806;
/** Any shorter frame is neither an ARP message nor a packet with a whole header of its own. */
const FRAME_LENGTH_MIN = 42;

/** Offsets of an IPv4 packet without options in a frame; none with options gets that far. */
const VERSION_AND_LENGTH = byteAt(14);
const IPV4_WITHOUT_OPTIONS = 0x45;
const FRAGMENT = halfAt(20);
const FRAGMENT_OFFSET_BITS = 0x1fff;
const PROTOCOL = byteAt(23);
const SOURCE = wordAt(26);
const DESTINATION = wordAt(30);
const DESTINATION_PORT = halfAt(36);
const ICMP_TYPE = byteAt(34);
const TCP_FLAGS = byteAt(47);
const TCP_LENGTH_MIN = 54;

const ICMP = 1;
const TCP = 6;
const UDP = 17;
const DNS_PORT = 53;
const SYN = 0x02;
const SYN_OR_ACK = 0x12;
const ICMP_ECHO_REPLY = 0;
const ICMP_UNREACHABLE = 3;
const ICMP_TIME_EXCEEDED = 11;

/** From the guest: its own addresses only, IPv4 and ARP only, and only what it may reach. */
export function fromGuest(settings: NetworkSettings, rules: GuestRules): Instruction[] {
  const { hostIp, subnet, resolvers = [] } = settings;
  const { ip, mac, egress } = rules;
  return [
    ...when([frameLength.isBelow(FRAME_LENGTH_MIN)], DROP),
    ...when([vlanTag.isNot(0)], DROP),
    ...unlessMac(6, mac),
    ...when([ETHER_TYPE.is(ARP)], arpFrom(ip, mac)),
    ...when([ETHER_TYPE.isNot(IPV4)], DROP),
    ...when([VERSION_AND_LENGTH.isNot(IPV4_WITHOUT_OPTIONS)], DROP),
    ...when([SOURCE.isNot(parseIpv4(ip))], DROP),
    ...(egress === "none" ? [] : resolvers.flatMap(dnsTo)),
    ...hostPorts(settings),
    ...when([DESTINATION.is(parseIpv4(hostIp))], answersOnly()),
    ...when([isIn(DESTINATION, subnet)], DROP),
    ...outside(DESTINATION, egress),
  ];
}

/** To the guest: from the host, its resolvers and what the guest may reach, and to it alone. */
export function toGuest(settings: NetworkSettings, rules: GuestRules): Instruction[] {
  const { hostIp, subnet, resolvers = [] } = settings;
  const { ip, egress } = rules;
  const isError = [ICMP_UNREACHABLE, ICMP_TIME_EXCEEDED];
  const passing = egress === "none" ? [] : [
    ...resolvers.flatMap((address) => when([SOURCE.is(parseIpv4(address))], PASS)),
    // A router on the way may have a private address, and its word on sizes is needed.
    ...isError.flatMap((type) => when([PROTOCOL.is(ICMP), ICMP_TYPE.is(type)], PASS)),
  ];
  return [
    ...when([ETHER_TYPE.is(ARP)], PASS),
    ...when([ETHER_TYPE.isNot(IPV4)], DROP),
    ...when([DESTINATION.isNot(parseIpv4(ip))], DROP),
    ...when([SOURCE.is(parseIpv4(hostIp))], PASS),
    ...when([isIn(SOURCE, subnet)], DROP),
    ...passing,
    ...outside(SOURCE, egress),
  ];
}

/** An ARP message of Ethernet and IPv4 that says who sent it, truly. */
function arpFrom(ip: string, mac: string): Instruction[] {
  return [
    ...when([wordAt(14).isNot(0x0001_0800)], DROP),
    ...when([halfAt(18).isNot(0x0604)], DROP),
    ...unlessMac(22, mac),
    ...when([wordAt(28).isNot(parseIpv4(ip))], DROP),
    ...PASS,
  ];
}

function unlessMac(offset: number, mac: string): Instruction[] {
  const digits = mac.replaceAll(":", "");
  return [
    ...when([wordAt(offset).isNot(parseInt(digits.slice(0, 8), 16))], DROP),
    ...when([halfAt(offset + 4).isNot(parseInt(digits.slice(8), 16))], DROP),
  ];
}

/** Names are asked for also where the resolver has a private address, or is the host. */
function dnsTo(resolver: string): Instruction[] {
  return [UDP, TCP].flatMap((protocol) => portOf(resolver, protocol, DNS_PORT));
}

/** The ports of the host that guests may use. */
function hostPorts({ hostIp, guestPort, openPorts = [] }: NetworkSettings): Instruction[] {
  return [guestPort, ...openPorts].flatMap((port) => portOf(hostIp, TCP, port));
}

/** What the host began: neither a first SYN nor a ping is an answer. */
function answersOnly(): Instruction[] {
  return [
    ...when([FRAGMENT.hasAnyOf(FRAGMENT_OFFSET_BITS)], DROP),
    ...when([
      PROTOCOL.is(TCP),
      frameLength.isAtLeast(TCP_LENGTH_MIN),
      TCP_FLAGS.masked(SYN_OR_ACK).isNot(SYN),
    ], PASS),
    ...when([PROTOCOL.is(ICMP), ICMP_TYPE.is(ICMP_ECHO_REPLY)], PASS),
    ...when([PROTOCOL.is(ICMP), ICMP_TYPE.is(ICMP_UNREACHABLE)], PASS),
    ...DROP,
  ];
}

/** Passes packets to one port; a fragment that tells of no port is not among them. */
function portOf(address: string, protocol: number, port: number): Instruction[] {
  return when([
    DESTINATION.is(parseIpv4(address)),
    PROTOCOL.is(protocol),
    FRAGMENT.masked(FRAGMENT_OFFSET_BITS).is(0),
    DESTINATION_PORT.is(port),
  ], PASS);
}

/** The verdict on an address that is neither the host's nor a guest's. */
function outside(address: Field, egress: Egress): Instruction[] {
  const { verdict, cidrs } = egressRanges(egress);
  return [
    ...NEVER_REACHED.flatMap((cidr) => when([isIn(address, cidr)], DROP)),
    ...cidrs.flatMap((cidr) => when([isIn(address, cidr)], verdict === "allow" ? PASS : DROP)),
    ...(verdict === "allow" ? DROP : PASS),
  ];
}

function isIn(address: Field, cidr: string): Condition {
  const [network = "", prefix = ""] = cidr.split("/");
  const mask = 2 ** 32 - 2 ** (32 - Number(prefix));
  return address.masked(mask).is(parseIpv4(network));
}
