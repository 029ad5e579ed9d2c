/**
 * The guest's door to Chrome's DevTools: a port on which each connection begins with a signed
 * request for a WebSocket and then is Chrome's own, byte for byte.
 *
 *     daemon ─ signed upgrade ─→ verified ─┬─→ Chrome on loopback ⇄ bytes both ways
 *                                          └─→ a daemon on that loopback goes there itself
 *
 * A port beside the agent's own, since its HTTP server gives no connection away; it is opened when
 * the daemon first asks for it, so that an agent's start pays nothing for it.
 *
 * @module
 */
import type { ByteStream, Host, Peer, StreamListener } from "../host/host.ts";
import { closedBy } from "../protocol/byte_pipe.ts";
import { CHROME_HOSTNAME, type ChromeTarget, openChromeSocket } from "../protocol/chrome_socket.ts";
import { spliceDevtools } from "../protocol/devtools_splice.ts";
import { DEVTOOLS_PREFIX } from "../protocol/guest.ts";
import { headBytes, joined, readHead } from "../protocol/http_head.ts";
import { PRESENCE_HEADER, presenceHead } from "../protocol/presence.ts";
import { problemResponse } from "../protocol/http_server.ts";
import { toViperError } from "../protocol/problems.ts";
import type { Verifier } from "../protocol/verifier.ts";
import type { BrowserSession, SupervisedBrowser } from "./browser.ts";
import { Deadline } from "./deadline.ts";

/** How long a connection may take until it is Chrome's. */
const OPEN_TIMEOUT_MS = 20_000;
/** Connections at once. */
const CONNECTIONS_MAX = 256;
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
  const serve = async (daemon: ByteStream, peer: Peer) => {
    using _daemon = daemon;
    if (open >= CONNECTIONS_MAX) return;
    open++;
    try {
      await talk(daemon, peer, parts);
    } catch (error) {
      host.log("debug", "A DevTools connection failed", { error });
    } finally {
      open--;
    }
  };
  return host.net.accept("agent.devtools:accept", { hostname, port: 0 }, serve);
}

async function talk(daemon: ByteStream, peer: Peer, parts: DoorParts): Promise<void> {
  const opened = await open(daemon, peer, parts).catch((error) => refuse(daemon, error));
  if (opened === undefined) return;
  using _share = parts.browser.share();
  let setsDownloads = false;
  await opened.attend(() => setsDownloads = true);
  if (setsDownloads) opened.session.claimDownloads();
}

interface Opened {
  readonly session: BrowserSession;
  /** Sees to the client until it is gone, or this Chrome is. */
  readonly attend: (onDownloads: () => void) => Promise<void>;
}

/** @throws {ViperError} to be told to the daemon */
async function open(daemon: ByteStream, peer: Peer, parts: DoorParts): Promise<Opened> {
  const { host: { clock, net }, verifier, browser } = parts;
  using deadline = new Deadline(clock, "open DevTools", OPEN_TIMEOUT_MS);
  const { head, rest: early } = await deadline.race("the request", readHead(daemon));
  const [method = "", target = ""] = head.start.split(" ");
  const { headers } = head;
  await verifier.verify(new Request(`http://agent${target}`, { method, headers }), 0);
  const session = await deadline.race("the browser", browser.nextSession());
  const asked = target.slice(DEVTOOLS_PREFIX.length);
  // A client takes for granted that there is a page.
  if (asked.startsWith(BROWSER_PATH)) await deadline.race("a page", session.pages.active());
  const { port, pathname } = new URL(session.devtoolsUrl);
  const wanted = { port: Number(port), path: ANY_BROWSER.test(asked) ? pathname : asked };
  if (headers.has(PRESENCE_HEADER) && peer?.hostname === CHROME_HOSTNAME) {
    return {
      session,
      attend: (onDownloads) => stay(daemon, wanted, session.life, onDownloads),
    };
  }
  const label = "agent.devtools:dial";
  const chrome = await openChromeSocket(net, label, wanted, headers, deadline.signal);
  const ends = { client: { stream: daemon, early }, chrome, clock };
  return {
    session,
    attend: (onDownloads) => spliceDevtools({ ...ends, onDownloads }, session.life),
  };
}

/** Tells where Chrome is, and is there until the daemon's client is gone. */
async function stay(
  daemon: ByteStream,
  chrome: ChromeTarget,
  life: AbortSignal,
  onDownloads: () => void,
): Promise<void> {
  using _bound = closedBy(life, daemon);
  try {
    await daemon.write(headBytes(presenceHead(chrome)));
    const told = new Uint8Array(1);
    while (await daemon.read(told) !== null) onDownloads();
  } catch {
    // However the connection ends, its end is all that matters.
  }
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
