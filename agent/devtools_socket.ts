/**
 * A WebSocket to Chrome's DevTools, as puppeteer wants it.
 *
 * The platform's own writes a message of more than 1 KB in two parts, of which TCP holds back the
 * second until the first is acknowledged: 44 ms for each such command, measured on loopback. Here
 * a message is one write, and so are all messages of one turn of the event loop.
 *
 * @module
 */
import type { ConnectionTransport } from "puppeteer-core";
import type { Connection, Host } from "../host/host.ts";
import { encodeFrame, FrameDecoder, OPCODE } from "../protocol/websocket_frames.ts";

/** A whole-page screenshot in base64 fits many times. */
const MESSAGE_BYTES_MAX = 512 * 1024 * 1024;
const HANDSHAKE_BYTES_MAX = 16 * 1024;

/**
 * Connects to `ws://HOST:PORT/PATH`.
 *
 * @throws when nobody listens there, or answers with anything but 101
 */
export async function openDevtoolsSocket(
  url: string,
  host: Host,
  signal: AbortSignal,
): Promise<ConnectionTransport> {
  const { hostname, port, host: authority, pathname } = new URL(url);
  const connection = await host.net.connect(
    "agent.devtools:connect",
    { transport: "tcp", hostname, port: Number(port) },
    signal,
  );
  try {
    const key = btoa(String.fromCharCode(...host.random.bytes(16)));
    const writer = connection.writable.getWriter();
    await writer.write(new TextEncoder().encode(
      `GET ${pathname} HTTP/1.1\r\nHost: ${authority}\r\nConnection: Upgrade\r\n` +
        `Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    ));
    const reader = connection.readable.getReader();
    const rest = await readHandshake(reader);
    return new DevtoolsSocket(connection, writer, reader, rest, host);
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Reads the answer's head; returns the bytes behind it. */
async function readHandshake(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<Uint8Array> {
  let bytes = new Uint8Array();
  while (bytes.length < HANDSHAKE_BYTES_MAX) {
    const { value, done } = await reader.read();
    if (done) break;
    bytes = Uint8Array.from([...bytes, ...value]);
    // Each byte is one character, so that places in the text are places in the bytes.
    const text = new TextDecoder("latin1").decode(bytes);
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) continue;
    if (text.startsWith("HTTP/1.1 101 ")) return bytes.subarray(end + 4);
    throw new Error(`Cannot use Chrome's DevTools: it answered "${text.split("\r\n")[0]}"`);
  }
  throw new Error("Cannot use Chrome's DevTools: the handshake has no end");
}

class DevtoolsSocket implements ConnectionTransport {
  onmessage?: (message: string) => void;
  onclose?: () => void;
  readonly #connection: Connection;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #host: Host;
  #unsent: Uint8Array[] = [];

  constructor(
    connection: Connection,
    writer: WritableStreamDefaultWriter<Uint8Array>,
    reader: ReadableStreamDefaultReader<Uint8Array>,
    rest: Uint8Array,
    host: Host,
  ) {
    this.#connection = connection;
    this.#writer = writer;
    this.#host = host;
    this.#read(reader, rest)
      .catch(() => {}) // However the connection ended, its end is all that matters.
      .finally(() => {
        this.close();
        this.onclose?.();
      });
  }

  send(message: string): void {
    this.#sendFrame(OPCODE.text, new TextEncoder().encode(message));
  }

  close(): void {
    this.#connection.close();
  }

  #sendFrame(opcode: number, payload: Uint8Array): void {
    this.#unsent.push(encodeFrame(opcode, payload, this.#host.random.bytes(4)));
    if (this.#unsent.length === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const frames = this.#unsent;
    this.#unsent = [];
    const all = new Uint8Array(frames.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const frame of frames) {
      all.set(frame, at);
      at += frame.length;
    }
    this.#writer.write(all).catch(() => this.close()); // The reader then sees the end.
  }

  async #read(reader: ReadableStreamDefaultReader<Uint8Array>, rest: Uint8Array): Promise<void> {
    const decoder = new FrameDecoder(MESSAGE_BYTES_MAX);
    const text = new TextDecoder();
    let message = "";
    for (let chunk: Uint8Array | undefined = rest; chunk !== undefined;) {
      for (const { final, opcode, payload } of decoder.push(chunk)) {
        if (opcode === OPCODE.close) return;
        if (opcode === OPCODE.ping) this.#sendFrame(OPCODE.pong, payload);
        if (opcode !== OPCODE.text && opcode !== OPCODE.continuation) continue;
        message += text.decode(payload, { stream: !final });
        if (!final) continue;
        this.onmessage?.(message);
        message = "";
      }
      chunk = (await reader.read()).value;
    }
  }
}
