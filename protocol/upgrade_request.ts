/** Asking for a WebSocket on a bare connection, on behalf of a client (RFC 6455, 4.1). */
import type { ByteStream } from "../host/host.ts";
import { closedBy } from "./byte_pipe.ts";
import { type Head, headBytes, readHead } from "./http_head.ts";

/** What of a client's handshake counts; nobody is asked to compress, which costs more than it saves. */
const HANDSHAKE = ["sec-websocket-key", "sec-websocket-version"];

/** What was answered. */
export interface UpgradeAnswer {
  readonly head: Head;
  readonly status: number;
  /** What came behind the head. */
  readonly rest: Uint8Array<ArrayBuffer>;
}

/** The headers of a client's handshake alone. */
export function handshakeOf(from: Headers): Headers {
  return new Headers(HANDSHAKE.map((name) => [name, from.get(name) ?? ""] as [string, string]));
}

/**
 * Sends the request and reads the answer's head.
 *
 * @param headers the handshake, `host`, and whatever else the server wants
 * @throws {TypeError} when there is no answer; the stream is closed when the signal is aborted
 */
export async function requestUpgrade(
  stream: ByteStream,
  target: string,
  headers: Headers,
  signal: AbortSignal,
): Promise<UpgradeAnswer> {
  const all = new Headers(headers);
  all.set("connection", "Upgrade");
  all.set("upgrade", "websocket");
  using _bound = closedBy(signal, stream);
  await stream.write(headBytes({ start: `GET ${target} HTTP/1.1`, headers: all }));
  const { head, rest } = await readHead(stream);
  return { head, rest, status: Number(head.start.split(" ")[1]) };
}
