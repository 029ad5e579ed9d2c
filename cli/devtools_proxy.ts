/**
 * A VM's DevTools on a port of their own, as if its Chrome ran here: many tools know a host and a
 * port and neither keys nor paths. The key is added on the way to the daemon.
 *
 * @module
 */
import type { Host, HttpServer } from "../host/host.ts";
import { joinWays, pipe } from "../protocol/byte_pipe.ts";
import { readdressed, WITH_ADDRESSES } from "../protocol/devtools_addresses.ts";
import { headBytes } from "../protocol/http_head.ts";
import { ViperError } from "../protocol/problems.ts";
import { handshakeOf, requestUpgrade } from "../protocol/upgrade_request.ts";
import { type FrontEnv, serveFront, webSocketsOf } from "../server/front/front.ts";
import { unreachable } from "./client.ts";
import { CliError, type DaemonAddress } from "./context.ts";

/** From a client's request to a connection with Chrome; the daemon has bounds of its own within. */
const OPEN_TIMEOUT_MS = 60_000;
const SOCKETS = /^\/devtools\//;
/**
 * In place of the daemon's, which shuts a guest's pages in. Here they have an origin of their own,
 * where nothing but that guest's DevTools can be asked for: Chrome's DevTools pages run. A guest
 * may send others in their place; those reach no other port of this machine and no other site.
 */
const PAGE_POLICY = [
  "default-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join("; ");

/** What the proxy goes by. */
export interface ProxyParts {
  readonly host: Host;
  readonly daemon: DaemonAddress;
  readonly vmName: string;
  /** Ends every connection when it is aborted. */
  readonly signal: AbortSignal;
}

/** Serves until shut down. @throws {ViperError} the daemon's problem with that VM */
export async function serveDevtools(
  parts: ProxyParts,
  address: { readonly hostname: string; readonly port: number },
): Promise<HttpServer> {
  await (await ask(parts, "/json/version", {})).body?.cancel();
  const isSocket = webSocketsOf(SOCKETS);
  return await serveFront(
    parts.host,
    "cli.proxy:listen",
    address,
    isSocket,
    (request, env) => answer(parts, request, env, address.hostname).catch(problem),
  );
}

async function answer(
  parts: ProxyParts,
  request: Request,
  { upgrade }: FrontEnv,
  listenHostname: string,
): Promise<Response> {
  const url = new URL(request.url);
  if (!isOwn(request, url, listenHostname)) {
    return new Response("Refused: the request comes from a foreign page or host name\n", {
      status: 403,
    });
  }
  if (upgrade !== null) {
    const daemon = await connect(parts, url.pathname, request.headers);
    if (daemon instanceof Response) return daemon;
    const { stream, early } = daemon;
    upgrade.take(async (client, rest) => {
      const inward = stream.write(rest).then(() => pipe(client, stream));
      const outward = client.write(early).then(() => pipe(stream, client));
      await joinWays([client, stream], [inward, outward], parts.host.clock, parts.signal);
    });
    return new Response(null, { status: 204 });
  }
  const told = await ask(parts, url.pathname + url.search, { method: request.method });
  if (WITH_ADDRESSES.test(url.pathname)) {
    return await readdressed(told, {
      origin: url.origin,
      prefix: "",
      query: () => "",
      hasFrontEnd: true,
    });
  }
  const headers = new Headers(told.headers);
  headers.set("content-security-policy", PAGE_POLICY);
  return new Response(told.body, { status: told.status, headers });
}

/** As Chrome has it: a page elsewhere, or a name that leads here by an attacker's DNS, has no say. */
function isOwn({ headers }: Request, { host, hostname }: URL, listenHostname: string): boolean {
  const bare = hostname.replace(/^\[|\]$/g, "");
  const isKnown = /^[\d.]+$|:/.test(bare) || bare === listenHostname || bare === "localhost" ||
    bare.endsWith(".localhost");
  const origin = headers.get("origin");
  const isOwnPage = origin === null || (URL.canParse(origin) && new URL(origin).host === host);
  return isKnown && isOwnPage;
}

/** @throws {ViperError} the daemon's problem */
async function ask(
  { daemon: { url, apiKey, net }, vmName, signal }: ProxyParts,
  path: string,
  init: RequestInit,
): Promise<Response> {
  const response = await net.fetch("cli.proxy:fetch", url + devtoolsPath(vmName) + path, {
    ...{ ...init, signal },
    headers: withKey(apiKey),
  }).catch(unreachable(url));
  if (response.ok || response.headers.get("content-type") !== "application/problem+json") {
    return response;
  }
  const problem = ViperError.fromProblem(await response.json().catch(() => null));
  throw problem ?? new CliError(`Cannot reach DevTools: the daemon answered ${response.status}`);
}

/** A connection whose handshake is done; else the daemon's answer. */
async function connect(
  { host, daemon, vmName, signal }: ProxyParts,
  path: string,
  handshake: Headers,
) {
  const bounds = AbortSignal.any([signal, AbortSignal.timeout(OPEN_TIMEOUT_MS)]);
  const stream = await host.net.dial("cli.proxy:dial", daemon.address, bounds);
  try {
    const headers = handshakeOf(handshake);
    headers.set("host", new URL(daemon.url).host);
    for (const [name, value] of withKey(daemon.apiKey)) headers.set(name, value);
    const { head, rest, status } = await requestUpgrade(
      stream,
      devtoolsPath(vmName) + path,
      headers,
      bounds,
    );
    if (status === 101) return { stream, early: headBytes(head, rest) };
    stream.close();
    return new Response(rest, { status, headers: head.headers });
  } catch (error) {
    stream.close();
    throw error;
  }
}

function withKey(apiKey: string | undefined): Headers {
  return new Headers(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` });
}

function devtoolsPath(vmName: string): string {
  return `/api/v1/vms/${encodeURIComponent(vmName)}/devtools`;
}

function problem(error: unknown): Response {
  const text = error instanceof Error ? error.message : String(error);
  const status = error instanceof ViperError ? error.status : 502;
  return new Response(`${text}\n`, { status });
}
