/**
 * A port in front of an HTTP server: it takes the WebSockets of DevTools out, as bare connections,
 * and hands all else over as it comes.
 *
 *     client ─ accept ─ scan heads ─┬─ all else ──→ HTTP server on loopback ─→ app
 *                                   └─ DevTools ──→ app ─ admitted? ─→ spliced to the guest
 *
 * Both ways end in the same app, so both pass the same door. The server behind listens on loopback
 * and serves only connections that the front has opened: it knows each by its port.
 *
 * @module
 */
import type {
  ByteStream,
  Host,
  HttpServer,
  Label,
  ServeAddress,
  StreamListener,
} from "../../host/host.ts";
import { pipe } from "../../protocol/byte_pipe.ts";
import { headBytes, joined, parseHead } from "../../protocol/http_head.ts";
import { type Found, RequestScan } from "./request_scan.ts";

/** What the app is told of a request beside its words. */
export interface FrontEnv {
  /** Address of the other end; `null`: the Unix socket. */
  readonly peer: string | null;
  /** Whether the client came over TLS. */
  readonly isTls: boolean;
  /** Set for a WebSocket that may be taken over as a bare connection. */
  readonly upgrade: Upgrade | null;
}

/** A connection whose request asks for a WebSocket. */
export interface Upgrade {
  /** Takes the connection over once the request is answered; the response does not count then. */
  take(talk: Talk): void;
}

/** Talks to a client until the connection is over; `rest` came behind the request's head. */
export type Talk = (client: ByteStream, rest: Uint8Array) => Promise<void>;

/** Answers a request. */
export type FrontHandler = (request: Request, env: FrontEnv) => Response | Promise<Response>;

const WEBSOCKET = /\r\nupgrade[ \t]*:[ \t]*websocket[ \t]*\r\n/i;
const LOOPBACK = "127.0.0.1";
/** Bytes of a client's connection that are held at most, each way. */
const CHUNK_BYTES = 16 * 1024;
const BAD_REQUEST = new TextEncoder().encode(
  "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
);

/** The WebSockets of paths that match. */
export function webSocketsOf(path: RegExp): (head: string) => boolean {
  return (head) => {
    const [method, target = ""] = head.split(" ", 2);
    return method === "GET" && path.test(target) && WEBSOCKET.test(head);
  };
}

/** Serves like `host.net.serve`, and takes out the requests whose heads are wanted. */
export async function serveFront(
  host: Pick<Host, "net">,
  label: Label,
  address: ServeAddress,
  isWanted: (head: string) => boolean,
  handler: FrontHandler,
): Promise<HttpServer> {
  const isTls = "tls" in address && address.tls !== undefined;
  const peers = new Map<number, string | null>();
  const behind = await host.net.serve(
    `${label}_behind`,
    { hostname: LOOPBACK, port: 0 },
    (request, inner) => {
      const peer = peers.get(inner?.port ?? 0);
      if (peer === undefined) return new Response(null, { status: 403 });
      return handler(request, { peer, isTls, upgrade: null });
    },
  );
  const front = new Front(host, { isTls, behindPort: behind.port, peers, isWanted, handler });
  let listener: StreamListener;
  try {
    listener = await host.net.accept(
      label,
      address,
      (client, peer) => void front.serve(client, peer?.hostname ?? null),
    );
  } catch (error) {
    await behind.shutdown();
    throw error;
  }
  return {
    port: listener.port,
    shutdown: async () => {
      listener.close();
      await Promise.all([behind.shutdown(), front.drain()]);
    },
  };
}

interface FrontParts {
  readonly isTls: boolean;
  readonly behindPort: number;
  /** By the port of the connection to the server behind. */
  readonly peers: Map<number, string | null>;
  readonly isWanted: (head: string) => boolean;
  readonly handler: FrontHandler;
}

class Front {
  /** Connections of which the server behind knows nothing yet; they end with the front. */
  readonly #waiting = new Set<ByteStream>();
  readonly #taken = new Set<Promise<void>>();

  constructor(private readonly host: Pick<Host, "net">, private readonly parts: FrontParts) {}

  /** Never rejects: however a client's connection ends, its end is all that matters. */
  async serve(client: ByteStream, peer: string | null): Promise<void> {
    using _client = client;
    this.#waiting.add(client);
    try {
      const found = await this.#handOver(client, peer);
      if (found !== null) await this.#upgrade(client, peer, found);
    } catch {
      // The client has gone, or the server behind has ended.
    } finally {
      this.#waiting.delete(client);
    }
  }

  /** Ends what waits for a first request, and waits for what was taken over. */
  async drain(): Promise<void> {
    for (const client of this.#waiting) client.close();
    await Promise.allSettled(this.#taken);
  }

  /** Passes requests on until the client ends, or one is found that is taken out. */
  async #handOver(client: ByteStream, peer: string | null): Promise<Found | null> {
    const scan = new RequestScan(this.parts.isWanted);
    const buffer = new Uint8Array(CHUNK_BYTES);
    using behind = new Behind(client);
    for (let size = await client.read(buffer); size !== null; size = await client.read(buffer)) {
      const { passed, found } = scan.push(buffer.subarray(0, size));
      if (passed.length > 0) await (behind.stream ?? await this.#open(behind, peer)).write(passed);
      if (found !== null) return found;
    }
    await behind.finish();
    return null;
  }

  async #open(behind: Behind, peer: string | null): Promise<ByteStream> {
    const { behindPort: port, peers } = this.parts;
    const address = { transport: "tcp", hostname: LOOPBACK, port } as const;
    const stream = await this.host.net.dial("server.front:dial", address);
    this.#waiting.delete(behind.client);
    peers.set(stream.localPort, peer);
    behind.open(stream, () => peers.delete(stream.localPort));
    return stream;
  }

  async #upgrade(client: ByteStream, peer: string | null, found: Found): Promise<void> {
    this.#waiting.delete(client);
    const taken = this.#answer(client, peer, found);
    this.#taken.add(taken);
    try {
      await taken;
    } finally {
      this.#taken.delete(taken);
    }
  }

  async #answer(client: ByteStream, peer: string | null, { text, rest }: Found): Promise<void> {
    const { isTls, handler } = this.parts;
    const request = requestOf(text, isTls);
    if (request === null) return await client.write(BAD_REQUEST);
    let talk: Talk | null = null;
    const upgrade = { take: (taken: Talk) => void (talk = taken) };
    const response = await handler(request, { peer, isTls, upgrade });
    const taken = talk as Talk | null;
    if (taken !== null) return await taken(client, rest);
    await client.write(await responseBytes(response));
    await client.closeWrite();
  }
}

/** The server behind, as one client's connection has it: opened by its first request. */
class Behind implements Disposable {
  stream: ByteStream | null = null;
  #answers: Promise<void> = Promise.resolve();
  #forget = () => {};
  #isLeft = false;

  constructor(readonly client: ByteStream) {}

  open(stream: ByteStream, forget: () => void): void {
    this.stream = stream;
    this.#forget = forget;
    this.#answers = pipe(stream, this.client, CHUNK_BYTES).catch(() => {}).finally(() => {
      if (!this.#isLeft) this.client.close();
    });
  }

  /** The client sends no more; what it asked for is still answered. */
  async finish(): Promise<void> {
    await this.stream?.closeWrite();
    await this.#answers;
  }

  [Symbol.dispose](): void {
    this.#isLeft = true;
    this.stream?.close();
    this.#forget();
  }
}

/** `null` when it is none that could be answered. */
function requestOf(text: string, isTls: boolean): Request | null {
  try {
    const { start, headers } = parseHead(text);
    const [method = "", target = ""] = start.split(" ");
    const host = headers.get("host") ?? "";
    return new Request(`http${isTls ? "s" : ""}://${host}${target}`, { method, headers });
  } catch {
    return null;
  }
}

/** The whole answer; a connection that was to become a WebSocket ends with it. */
async function responseBytes(response: Response): Promise<Uint8Array> {
  const body = new Uint8Array(await response.arrayBuffer());
  const headers = new Headers(response.headers);
  headers.set("connection", "close");
  headers.set("content-length", String(body.length));
  const start = `HTTP/1.1 ${response.status} ${response.statusText}`;
  return joined(headBytes({ start, headers }), body);
}
