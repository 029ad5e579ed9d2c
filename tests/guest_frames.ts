/** What a guest may send and what not, as frames: for the filter by itself and on a real tap. */
import { arpRequest, ethernet, icmp, ipv4, tagged, tcp, udp } from "./frames.ts";

/** The guest, another guest, and the host as its gateway. */
export const GUEST = { ip: "192.168.127.2", mac: "02:00:00:00:00:02" };
export const PEER = { ip: "192.168.127.3", mac: "02:00:00:00:00:03" };
export const GATEWAY = { ip: "192.168.127.1", mac: "02:56:c0:a8:7f:01" };
/** Settings that the verdicts below go with; the egress is `internet`. */
export const FRAME_SETTINGS = {
  bridge: "viperbr0",
  subnet: "192.168.127.0/24",
  hostIp: GATEWAY.ip,
  guestPort: 7778,
  openPorts: [8000],
  resolvers: ["10.0.0.53"],
};

const [ICMP, TCP, UDP] = [1, 6, 17];
const [SYN, ACK, RST] = [0x02, 0x10, 0x04];
const at = (ip: string) => ({ ip, mac: GATEWAY.mac });
const syn = (port: number) => tcp(40_000, port, SYN);
const web = at("93.184.216.34");
const dhcpReply = udp(67, 68, Array(40).fill(0));
const padding = Array(40).fill(0);

/** Title, frame, whether it may pass. */
export const GUEST_FRAMES: readonly [string, Uint8Array<ArrayBuffer>, boolean][] = [
  ["an ARP request", arpRequest(GUEST.mac, GUEST, GATEWAY.ip), true],
  ["an ARP request as another guest", arpRequest(GUEST.mac, PEER, GATEWAY.ip), false],
  [
    "ARP with another's MAC inside",
    arpRequest(GUEST.mac, { ...GUEST, mac: PEER.mac }, "1.2.3.4"),
    false,
  ],
  [
    "ARP with another's IP inside",
    arpRequest(GUEST.mac, { ...GUEST, ip: PEER.ip }, "1.2.3.4"),
    false,
  ],
  ["ARP as the gateway", arpRequest(GUEST.mac, { ...GUEST, ip: GATEWAY.ip }, GUEST.ip), false],
  ["ARP in a frame from another", arpRequest(PEER.mac, GUEST, GATEWAY.ip), false],
  ["ARP by nobody", arpRequest(GUEST.mac, { ...GUEST, ip: "0.0.0.0" }, GUEST.ip), false],
  ["ARP cut short", arpRequest(GUEST.mac, GUEST, GATEWAY.ip).slice(0, 30), false],
  ["TCP to the guests' port", ipv4(GUEST, GATEWAY, TCP, syn(7778)), true],
  ["TCP to an opened port", ipv4(GUEST, GATEWAY, TCP, syn(8000)), true],
  ["TCP to another port of the host", ipv4(GUEST, GATEWAY, TCP, syn(22)), false],
  ["an answer to the host", ipv4(GUEST, GATEWAY, TCP, tcp(8080, 40_000, SYN | ACK)), true],
  ["a refusal to the host", ipv4(GUEST, GATEWAY, TCP, tcp(8080, 40_000, RST | ACK)), true],
  ["TCP without its flags", ipv4(GUEST, GATEWAY, TCP, syn(22).slice(0, 8)), false],
  [
    "a later fragment to the host",
    ipv4(GUEST, GATEWAY, TCP, tcp(1, 2, ACK), { fragment: 3 }),
    false,
  ],
  ["a first fragment to a port", ipv4(GUEST, GATEWAY, TCP, syn(22), { fragment: 0x2000 }), false],
  ["UDP to the host", ipv4(GUEST, GATEWAY, UDP, udp(40_000, 53)), false],
  ["ping", ipv4(GUEST, GATEWAY, ICMP, icmp(8)), false],
  ["an answer to ping", ipv4(GUEST, GATEWAY, ICMP, icmp(0)), true],
  ["a redirect", ipv4(GUEST, GATEWAY, ICMP, icmp(5)), false],
  ["TCP from another's IP", ipv4({ ...GUEST, ip: PEER.ip }, GATEWAY, TCP, syn(7778)), false],
  ["TCP from another's MAC", ipv4({ ...GUEST, mac: PEER.mac }, GATEWAY, TCP, syn(7778)), false],
  ["TCP from outside", ipv4({ ...GUEST, ip: "8.8.8.8" }, GATEWAY, TCP, syn(7778)), false],
  ["source routing", ipv4(GUEST, web, TCP, syn(80), { options: [131, 3, 4, 0] }), false],
  ["the internet", ipv4(GUEST, web, TCP, syn(80)), true],
  ["the internet over UDP", ipv4(GUEST, web, UDP, udp(40_000, 443)), true],
  ["a private address", ipv4(GUEST, at("10.1.2.3"), TCP, syn(80)), false],
  ["the resolver", ipv4(GUEST, at("10.0.0.53"), UDP, udp(40_000, 53)), true],
  ["another port of the resolver", ipv4(GUEST, at("10.0.0.53"), UDP, udp(40_000, 80)), false],
  [
    "a fragment to the resolver",
    ipv4(GUEST, at("10.0.0.53"), UDP, udp(1, 53), { fragment: 2 }),
    false,
  ],
  ["metadata", ipv4(GUEST, at("169.254.169.254"), TCP, syn(80)), false],
  ["another guest by way of the host", ipv4(GUEST, at(PEER.ip), TCP, syn(80)), false],
  ["the subnet's broadcast", ipv4(GUEST, at("192.168.127.255"), UDP, udp(1, 2)), false],
  ["multicast", ipv4(GUEST, at("224.0.0.251"), UDP, udp(5_353, 5_353)), false],
  ["a DHCP server's answer", ipv4(GUEST, at("255.255.255.255"), UDP, dhcpReply), false],
  [
    "IPv6",
    ethernet(GATEWAY.mac, GUEST.mac, 0x86dd, [0x60, 0, 0, 0, 0, 0, 58, 255, ...padding]),
    false,
  ],
  ["LLDP", ethernet(GATEWAY.mac, GUEST.mac, 0x88cc, padding), false],
  ["802.3", ethernet(GATEWAY.mac, GUEST.mac, 40, padding), false],
  ["a VLAN's frame", tagged(ipv4(GUEST, GATEWAY, TCP, syn(7778)), 7), false],
  ["priority without a VLAN", tagged(ipv4(GUEST, GATEWAY, TCP, syn(7778)), 0), false],
  ["a header and no more", ethernet(GATEWAY.mac, GUEST.mac, 0x0800, []), false],
];
