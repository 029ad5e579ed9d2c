/**
 * A proxy on loopback that has no password, in front of the VM's, which has one: whatever Chrome
 * sends goes on with the password added. Every context has it so, a DevTools client's own too, and
 * no request is held. What docs/decisions/proxy_password.md says in full.
 *
 *     Chrome ─ CONNECT or GET ─→ head + proxy-authorization ─→ proxy ⇄ bytes both ways
 *
 * @module
 */
import type { ByteStream, Host } from "../host/host.ts";
import { joinWays, pipe } from "../protocol/byte_pipe.ts";
import { type Head, headBytes, readHead } from "../protocol/http_head.ts";
import type { ProxyAccess } from "../protocol/guest.ts";
import { Deadline } from "./deadline.ts";

/** How long a connection may take until the proxy has the request. */
const OPEN_TIMEOUT_MS = 30_000;
/** Connections at once; Chrome itself makes 32 to a proxy. */
const PROXY_CONNECTIONS_MAX = 256;
const HTTP_PORT = 80;
const HTTPS_PORT = 443;

const LOOPBACK = "127.0.0.1";

/** Where Chrome finds it. */
export interface ProxyDoor {
  readonly url: string;
  close(): void;
}

/** Opens the door on a free port; connections end with the signal. */
export async function openProxyDoor(
  access: ProxyAccess,
  host: Host,
  signal: AbortSignal,
): Promise<ProxyDoor> {
  let open = 0;
  const serve = async (chrome: ByteStream) => {
    if (open >= PROXY_CONNECTIONS_MAX) return chrome.close();
    open++;
    try {
      await passOn(chrome, access, host, signal);
    } catch (error) {
      host.log("debug", "A connection to the proxy failed", { error });
    } finally {
      chrome.close();
      open--;
    }
  };
  const address = { hostname: LOOPBACK, port: 0 };
  const listener = await host.net.accept("agent.proxy:accept", address, serve);
  return { url: `http://${LOOPBACK}:${listener.port}`, close: () => listener.close() };
}

async function passOn(
  chrome: ByteStream,
  access: ProxyAccess,
  host: Host,
  signal: AbortSignal,
): Promise<void> {
  const { head, proxy, rest } = await open(chrome, access, host, signal);
  const isTunnel = head.start.startsWith("CONNECT ");
  const inward = pipe(chrome, proxy);
  const outward = async () => {
    const answer = await readHead(proxy);
    // Each further request on this connection would need the password, too.
    if (!isTunnel) endAfterAnswer(answer.head);
    await chrome.write(headBytes(answer.head, answer.rest));
    await pipe(proxy, chrome);
  };
  await proxy.write(headBytes(head, rest));
  await joinWays([chrome, proxy], [inward, outward()], host.clock, signal);
}

/** Reads what Chrome asks for, and reaches the proxy. */
async function open(
  chrome: ByteStream,
  access: ProxyAccess,
  host: Host,
  signal: AbortSignal,
): Promise<{ head: Head; rest: Uint8Array; proxy: ByteStream }> {
  using deadline = new Deadline(host.clock, "reach the proxy", OPEN_TIMEOUT_MS, [signal]);
  const { head, rest } = await deadline.race("the request", readHead(chrome));
  const address = addressOf(access.server);
  const proxy = await host.net.dial("agent.proxy:dial", address, deadline.signal);
  head.headers.set("proxy-authorization", `Basic ${basic(access)}`);
  if (!head.start.startsWith("CONNECT ")) {
    head.headers.delete("proxy-connection");
    if (!head.headers.has("upgrade")) head.headers.set("connection", "close");
  }
  return { head, rest, proxy };
}

/** Says that the connection ends with this answer, unless it becomes another protocol's. */
function endAfterAnswer({ start, headers }: Head): void {
  if (!/^HTTP\/1\.[01] 1\d\d/.test(start)) headers.set("connection", "close");
}

function addressOf(server: string) {
  const { protocol, hostname, port } = new URL(
    server.includes("://") ? server : `http://${server}`,
  );
  const isSecure = protocol === "https:";
  return {
    transport: isSecure ? "tls" : "tcp",
    hostname: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(port || (isSecure ? HTTPS_PORT : HTTP_PORT)),
  } as const;
}

/** RFC 7617, in UTF-8. */
function basic({ username, password }: ProxyAccess): string {
  return new TextEncoder().encode(`${username}:${password}`).toBase64();
}
