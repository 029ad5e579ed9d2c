/** Heads of HTTP/1.1 messages on a bare connection (RFC 9112). */
import type { ByteStream } from "../host/host.ts";

/** Bytes of a head at most. */
export const HEAD_BYTES_MAX = 64 * 1024;
const END = "\r\n\r\n";
const CHUNK_BYTES = 16 * 1024;

/** The head of a request or an answer. */
export interface Head {
  /** The first line, such as `GET / HTTP/1.1` or `HTTP/1.1 101 Switching Protocols`. */
  readonly start: string;
  readonly headers: Headers;
}

/** Each byte becomes one character, so that places in the text are places in the bytes. */
const latin1 = new TextDecoder("latin1");

/** Bytes as text, a character each. */
export function textOf(bytes: Uint8Array): string {
  return latin1.decode(bytes);
}

/** How many bytes of the text are a head, its last line end included; 0 while it has none. */
export function headLength(text: string): number {
  const end = text.indexOf(END);
  return end < 0 ? 0 : end + END.length;
}

/** Reads a head and what came with it. @throws {TypeError} when there is none, or no valid one */
export async function readHead(
  stream: ByteStream,
): Promise<{ head: Head; rest: Uint8Array<ArrayBuffer> }> {
  let bytes = new Uint8Array();
  const buffer = new Uint8Array(CHUNK_BYTES);
  while (bytes.length < HEAD_BYTES_MAX) {
    const size = await stream.read(buffer);
    if (size === null) break;
    bytes = joined(bytes, buffer.subarray(0, size));
    const text = textOf(bytes);
    const length = headLength(text);
    if (length > 0) return { head: parseHead(text.slice(0, length)), rest: bytes.slice(length) };
  }
  throw new TypeError("Cannot read the head of a message: it has no end");
}

/** @throws {TypeError} when a header is not valid */
export function parseHead(text: string): Head {
  const [start = "", ...lines] = text.trimEnd().split("\r\n");
  const headers = new Headers();
  for (const line of lines) {
    const [, name = "", value = ""] = /^([^:]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    headers.append(name, value);
  }
  return { start, headers };
}

/** As bytes, with what comes behind it. The platform's headers hold no line breaks. */
export function headBytes(
  { start, headers }: Head,
  behind: Uint8Array = new Uint8Array(),
): Uint8Array<ArrayBuffer> {
  const lines = [...headers].map(([name, value]) => `${name}: ${value}\r\n`);
  const text = `${start}\r\n${lines.join("")}\r\n`;
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  return behind.length === 0 ? bytes : joined(bytes, behind);
}

/** The one behind the other. */
export function joined(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
