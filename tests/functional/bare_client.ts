/** A WebSocket client on a bare connection: it sees each frame, and reads only when it is told to. */
import { encodeFrame, OPCODE } from "../../protocol/websocket_frames.ts";
import { frameHead } from "../../protocol/frame_scan.ts";
import { joined } from "../../protocol/http_head.ts";

/** Of RFC 6455's example. */
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const MASK = new Uint8Array([7, 0, 255, 1]);
const ANSWER_MS = 60_000;
/** Of a frame's payload; the rest is counted and let go. */
const KEPT_BYTES = 64 * 1024;
const encoder = new TextEncoder();
const latin1 = new TextDecoder("latin1");

/** A frame that came in. */
export interface BareFrame {
  readonly opcode: number;
  readonly length: number;
  /** Its payload's beginning, a character a byte. */
  readonly text: string;
}

/** A connection to an HTTP server. Every wait has a bound, after which the connection is closed. */
export class BareClient implements Disposable {
  #rest: Uint8Array = new Uint8Array();
  readonly #buffer = new Uint8Array(256 * 1024);
  #isClosed = false;

  /** @param headers go with each request; those that are empty are left out */
  constructor(
    private readonly conn: Deno.Conn,
    private readonly headers: Readonly<Record<string, string>>,
  ) {}

  /** Sends a request without a body and returns its answer's head. */
  async ask(start: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
    const lines = Object.entries({ host: "127.0.0.1", ...this.headers, ...headers })
      .filter(([, value]) => value !== "").map(([name, value]) => `${name}: ${value}\r\n`);
    await this.write(encoder.encode(`${start}\r\n${lines.join("")}\r\n`));
    return await this.#until(/^[^]*?\r\n\r\n/);
  }

  /** Asks for a WebSocket and returns the answer's head. */
  upgrade(path: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
    return this.ask(`GET ${path} HTTP/1.1`, {
      ...{ connection: "Upgrade", upgrade: "websocket" },
      ...{ "sec-websocket-version": "13", "sec-websocket-key": KEY },
      ...headers,
    });
  }

  /** Reads up to and with what matches, a character a byte. */
  read(pattern: RegExp): Promise<string> {
    return this.#until(pattern);
  }

  /** Sends a text message. */
  send(message: unknown): Promise<void> {
    return this.frame(OPCODE.text, encoder.encode(JSON.stringify(message)));
  }

  /** Sends a single frame. */
  frame(opcode: number, payload: Uint8Array): Promise<void> {
    return this.write(encodeFrame(opcode, payload, MASK));
  }

  /** Sends bytes as they are. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await this.conn.write(rest));
  }

  /** The next frame; `null` when the connection has ended. */
  async next(): Promise<BareFrame | null> {
    let head = frameHead(this.#rest, 0);
    while (head === null) {
      if (!await this.#more()) return null;
      head = frameHead(this.#rest, 0);
    }
    const { opcode, headLength, payloadLength: length } = head;
    const kept = Math.min(length, KEPT_BYTES);
    while (this.#rest.length < headLength + kept) {
      if (!await this.#more()) return null;
    }
    const text = latin1.decode(this.#rest.subarray(headLength, headLength + kept));
    let left = length - kept;
    this.#rest = this.#rest.slice(headLength + kept);
    while (left > this.#rest.length) {
      left -= this.#rest.length;
      this.#rest = new Uint8Array();
      if (!await this.#more()) return null;
    }
    this.#rest = this.#rest.slice(left);
    return { opcode, length, text };
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.conn.close();
  }

  async #until(pattern: RegExp): Promise<string> {
    while (true) {
      const found = pattern.exec(latin1.decode(this.#rest));
      if (found !== null) {
        this.#rest = this.#rest.slice(found.index + found[0].length);
        return found[0];
      }
      if (!await this.#more()) {
        throw new Error(`The connection ended behind "${latin1.decode(this.#rest).slice(0, 500)}"`);
      }
    }
  }

  async #more(): Promise<boolean> {
    const timer = setTimeout(() => this[Symbol.dispose](), ANSWER_MS);
    try {
      const size = await this.conn.read(this.#buffer);
      if (size !== null) this.#rest = joined(this.#rest, this.#buffer.subarray(0, size));
      return size !== null;
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionReset) return false;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}
