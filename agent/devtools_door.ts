/**
 * The guest's door to Chrome's DevTools: a port on which each connection begins with a signed
 * request for a WebSocket and then is Chrome's own, byte for byte.
 *
 *     daemon ─ signed upgrade ─→ verified ─→ Chrome on loopback ⇄ bytes both ways
 *
 * A port beside the agent's own, since its HTTP server gives no connection away; it is opened when
 * the daemon first asks for it, so that an agent's start pays nothing for it.
 *
 * @module
 */
import type { ByteStream, Host, StreamListener } from "../host/host.ts";
import { joinWays, pipe, PIPE_BYTES_MAX } from "../protocol/byte_pipe.ts";
import { DEVTOOLS_PREFIX } from "../protocol/guest.ts";
import { headBytes, joined, readHead } from "../protocol/http_head.ts";
import { problemResponse } from "../protocol/http_server.ts";
import { toViperError, ViperError } from "../protocol/problems.ts";
import { handshakeOf, requestUpgrade } from "../protocol/upgrade_request.ts";
import type { Verifier } from "../protocol/verifier.ts";
import type { SupervisedBrowser } from "./browser.ts";
import { ClientFrames, type CloseCommand } from "./client_frames.ts";
import { Deadline } from "./deadline.ts";
import { FrameScan } from "./frame_scan.ts";
import { OPCODE, serverFrame } from "./websocket_frames.ts";

/** How long a connection may take until it is Chrome's. */
const OPEN_TIMEOUT_MS = 20_000;
/** Connections at once. */
const CONNECTIONS_MAX = 256;
/** Closing code of a connection that has done what it was for (RFC 6455, 7.4.1). */
const NORMAL_CLOSURE = 1000;
const BROWSER_PATH = "/devtools/browser";
/** The browser's own address without its number, which changes with each Chrome. */
const ANY_BROWSER = /^\/devtools\/browser\/?$/;

/** What the door leads from and to. */
export interface DoorParts {
  readonly host: Host;
  readonly hostname: string;
  readonly verifier: Verifier;
  readonly browser: SupervisedBrowser;
}

/** Opens the door on a free port. */
export function openDevtoolsDoor(parts: DoorParts): Promise<StreamListener> {
  const { host, hostname } = parts;
  let open = 0;
  const serve = async (daemon: ByteStream) => {
    using _daemon = daemon;
    if (open >= CONNECTIONS_MAX) return;
    open++;
    try {
      await talk(daemon, parts);
    } catch (error) {
      host.log("debug", "A DevTools connection failed", { error });
    } finally {
      open--;
    }
  };
  return host.net.accept("agent.devtools:accept", { hostname, port: 0 }, serve);
}

async function talk(daemon: ByteStream, parts: DoorParts): Promise<void> {
  const { host } = parts;
  const opened = await open(daemon, parts).catch((error) => refuse(daemon, error));
  if (opened === undefined) return;
  const { chrome, life, early, claimDownloads } = opened;
  using _share = parts.browser.share();
  const answers = new Answers(daemon);
  const frames = new ClientFrames();
  const toChrome = async (chunk: Uint8Array) => {
    const { passed, close } = frames.push(chunk);
    if (passed.length > 0) await chrome.write(passed);
    if (close !== null) await answers.end(close);
  };
  const inward = toChrome(early.client).then(() => pipe(daemon, chrome, PIPE_BYTES_MAX, toChrome));
  const passOn = (chunk: Uint8Array) => answers.pass(chunk);
  const outward = passOn(early.chrome).then(() => pipe(chrome, daemon, PIPE_BYTES_MAX, passOn));
  const ways = [inward, Promise.race([outward, answers.ended])] as const;
  await joinWays([daemon, chrome], ways, host.clock, life);
  if (frames.setsDownloads) claimDownloads();
}

interface Opened {
  readonly chrome: ByteStream;
  /** Aborted when this Chrome is gone. */
  readonly life: AbortSignal;
  readonly claimDownloads: () => void;
  /** What came behind the handshakes. */
  readonly early: { readonly client: Uint8Array; readonly chrome: Uint8Array };
}

/** @throws {ViperError} to be told to the daemon */
async function open(daemon: ByteStream, parts: DoorParts): Promise<Opened> {
  const { host, verifier, browser } = parts;
  using deadline = new Deadline(host.clock, "open DevTools", OPEN_TIMEOUT_MS);
  const { head, rest: client } = await deadline.race("the request", readHead(daemon));
  const [method = "", target = ""] = head.start.split(" ");
  const { headers } = head;
  await verifier.verify(new Request(`http://agent${target}`, { method, headers }), 0);
  const session = await deadline.race("the browser", browser.nextSession());
  const path = target.slice(DEVTOOLS_PREFIX.length);
  // A client takes for granted that there is a page.
  if (path.startsWith(BROWSER_PATH)) await deadline.race("a page", session.pages.active());
  const url = new URL(session.devtoolsUrl);
  const address = { transport: "tcp", hostname: url.hostname, port: Number(url.port) } as const;
  const chrome = await host.net.dial("agent.devtools:dial", address, deadline.signal);
  try {
    const asked = handshakeOf(headers);
    asked.set("host", url.host);
    const answer = await requestUpgrade(
      chrome,
      ANY_BROWSER.test(path) ? url.pathname : path,
      asked,
      deadline.signal,
    );
    if (answer.status !== 101) throw refused(path, answer.head.start);
    await daemon.write(headBytes(answer.head));
    const { life, claimDownloads } = session;
    return { chrome, life, claimDownloads, early: { client, chrome: answer.rest } };
  } catch (error) {
    chrome.close();
    throw error;
  }
}

function refused(path: string, answer: string): ViperError {
  return new ViperError(
    "devtools_refused",
    `Cannot connect to "${path}": failed to connect devtools, Chrome answered "${answer}"`,
  );
}

async function refuse(daemon: ByteStream, error: unknown): Promise<undefined> {
  const response = problemResponse(toViperError(error), DEVTOOLS_PREFIX);
  const body = new Uint8Array(await response.arrayBuffer());
  const headers = new Headers(response.headers);
  headers.set("connection", "close");
  headers.set("content-length", String(body.length));
  const head = headBytes({ start: `HTTP/1.1 ${response.status} Refused`, headers });
  await daemon.write(joined(head, body));
  await daemon.closeWrite();
}

/** What Chrome sends, on its way to the client, which may end between two messages. */
class Answers {
  readonly #ended = Promise.withResolvers<void>();
  /** Resolves once the client was told that the browser is closed. */
  readonly ended = this.#ended.promise;
  readonly #scan = new FrameScan();
  #close: CloseCommand | null = null;
  #isBetweenMessages = true;
  #isWriting = false;
  #isOver = false;

  constructor(private readonly client: ByteStream) {}

  async pass(chunk: Uint8Array): Promise<void> {
    if (this.#isOver) return;
    const boundary = this.#scan.push(chunk);
    const size = this.#close !== null && boundary >= 0 ? boundary : chunk.length;
    this.#isWriting = true;
    await this.client.write(chunk.subarray(0, size));
    this.#isWriting = false;
    this.#isBetweenMessages = boundary === size;
    await this.#endIfPossible();
  }

  /** Answers the command as Chrome would, and closes; Chrome itself never hears of it. */
  async end(close: CloseCommand): Promise<void> {
    this.#close ??= close;
    await this.#endIfPossible();
  }

  async #endIfPossible(): Promise<void> {
    if (this.#close === null || this.#isWriting || !this.#isBetweenMessages || this.#isOver) return;
    this.#isOver = true;
    const text = JSON.stringify({ ...this.#close.answered, result: {} });
    const code = new Uint8Array([NORMAL_CLOSURE >> 8, NORMAL_CLOSURE & 0xff]);
    await this.client.write(serverFrame(OPCODE.text, new TextEncoder().encode(text)));
    await this.client.write(serverFrame(OPCODE.close, code));
    await this.client.closeWrite();
    this.#ended.resolve();
  }
}
