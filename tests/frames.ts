/** Frames as a guest would send them, good and bad, in bytes. */

export interface FrameAddresses {
  readonly mac: string;
  readonly ip: string;
}

const BROADCAST_MAC = "ff:ff:ff:ff:ff:ff";

export function ethernet(
  to: string,
  from: string,
  type: number,
  payload: readonly number[],
): Uint8Array<ArrayBuffer> {
  return new Uint8Array([...mac(to), ...mac(from), ...half(type), ...payload]);
}

/** An IPv4 packet in a frame; `fragment` is the offset field with its flags. */
export function ipv4(
  from: FrameAddresses,
  to: FrameAddresses,
  protocol: number,
  payload: readonly number[],
  { fragment = 0, options = [] }: { fragment?: number; options?: readonly number[] } = {},
): Uint8Array<ArrayBuffer> {
  const headerLength = 20 + options.length;
  const header = [
    ...[0x40 | headerLength / 4, 0, ...half(headerLength + payload.length)],
    ...[...half(1), ...half(fragment), 64, protocol, 0, 0],
    ...[...ip(from.ip), ...ip(to.ip), ...options],
  ];
  const sum = checksum(header);
  header.splice(10, 2, ...half(sum));
  return ethernet(to.mac, from.mac, 0x0800, [...header, ...payload]);
}

/** A TCP header without data. */
export function tcp(fromPort: number, toPort: number, flags: number): number[] {
  const numbers = [0, 0, 0, 1, 0, 0, 0, 0];
  return [...half(fromPort), ...half(toPort), ...numbers, 0x50, flags, ...half(1_024), 0, 0, 0, 0];
}

/** A UDP datagram of some bytes; its checksum is left out, as IPv4 allows. */
export function udp(fromPort: number, toPort: number, data: readonly number[] = []): number[] {
  return [...half(fromPort), ...half(toPort), ...half(8 + data.length), 0, 0, ...data];
}

/** An ICMP message without data. */
export function icmp(type: number): number[] {
  const message = [type, 0, 0, 0, 0, 1, 0, 1];
  message.splice(2, 2, ...half(checksum(message)));
  return message;
}

/** An ARP request by `from`, in a frame that says it comes from `source`. */
export function arpRequest(
  source: string,
  from: FrameAddresses,
  asked: string,
): Uint8Array<ArrayBuffer> {
  const head = [...half(1), ...half(0x0800), 6, 4, ...half(1)];
  const body = [...mac(from.mac), ...ip(from.ip), ...mac("00:00:00:00:00:00"), ...ip(asked)];
  return ethernet(BROADCAST_MAC, source, 0x0806, [...head, ...body]);
}

/** The same frame with an 802.1Q tag. */
export function tagged(frame: Uint8Array, vlan: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array([...frame.slice(0, 12), 0x81, 0x00, ...half(vlan), ...frame.slice(12)]);
}

function mac(text: string): number[] {
  return text.split(":").map((digits) => parseInt(digits, 16));
}

function ip(text: string): number[] {
  return text.split(".").map(Number);
}

function half(number: number): number[] {
  return [number >> 8, number & 0xff];
}

/** RFC 1071. */
function checksum(bytes: readonly number[]): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) {
    sum += ((bytes[at] ?? 0) << 8) + (bytes[at + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}
