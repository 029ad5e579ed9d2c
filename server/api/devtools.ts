/**
 * Chrome's DevTools as clients know them, below each VM: HTTP endpoints whose addresses lead back
 * here, and WebSockets that are passed through byte for byte.
 *
 * @module
 */
import type { Context, Hono } from "hono";
import type { Clock } from "../../host/host.ts";
import { joinWays, pipe } from "../../protocol/byte_pipe.ts";
import { headBytes } from "../../protocol/http_head.ts";
import { requestIdOf } from "../../protocol/http_server.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { Devtools } from "../browser/devtools.ts";
import type { Upgrade } from "../front/front.ts";
import { acceptedProtocol, isUpgrade } from "./auth/credentials.ts";
import { KEEP_ALIVE_MS } from "../../protocol/event_frames.ts";

/** Where DevTools are served; the second is that of earlier versions. */
const ROUTES = ["/api/v1/vms/:name/devtools/*", "/ws/v1/vms/:name/devtools/*"];
/** Segments of a path before what Chrome serves itself. */
const PREFIX_SEGMENTS = 6;
/** Chrome's answers that hold addresses; all are small, unlike its protocol's description. */
const WITH_ADDRESSES = /^\/json(?:\/(?:version|list|new))?\/?$/;
/** Headers of the handshake that go on to Chrome (RFC 6455, 4.1); it is not asked to compress. */
const HANDSHAKE = ["sec-websocket-key", "sec-websocket-version"];

/** What the routes are made from. */
export interface DevtoolsParts {
  readonly devtools: Devtools;
  readonly clock: Clock;
  /** Aborted when the daemon shuts down. */
  readonly closing: AbortSignal;
  /** How the client names the daemon, such as `https://viper.example`. */
  readonly originOf: (c: Context) => string;
  /** What lets the same client in again, as a query; empty where that comes in a header. */
  readonly queryOf: (c: Context) => string;
  /** Lets the client in, and returns what tells whether it still is. @throws {ViperError} */
  readonly admit: (c: Context, operation: string, target: string) => () => boolean;
}

/** Adds the routes. */
export function mountDevtools(app: Hono, parts: DevtoolsParts): void {
  for (const route of ROUTES) {
    app.all(route, async (c) => {
      const vmName = c.req.param("name") ?? "";
      const path = chromePath(c.req.url);
      const isAdmitted = parts.admit(c, "browser.devtools", `${vmName} ${path.split("?")[0]}`);
      if (isUpgrade(c.req.raw)) return await takeOver(c, { vmName, path }, parts, isAdmitted);
      const answer = await parts.devtools.ask(vmName, path, c.req.raw, requestIdOf(c));
      const isRewritten = answer.ok && WITH_ADDRESSES.test(path.split("?")[0] ?? "");
      return isRewritten ? await rewritten(answer, c, parts) : answer;
    });
  }
}

interface Target {
  readonly vmName: string;
  readonly path: string;
}

/** Connects to Chrome first, so that a failure is still an answer, and then takes the client. */
async function takeOver(
  c: Context,
  { vmName, path }: Target,
  { devtools, clock, closing }: DevtoolsParts,
  isAdmitted: () => boolean,
): Promise<Response> {
  const { upgrade } = c.env as { readonly upgrade?: Upgrade | null };
  if (!upgrade) {
    throw new ViperError("upgrade_required", `Cannot upgrade "${path}" on this connection`);
  }
  const request = c.req.raw;
  const handshake = new Headers();
  for (const name of HANDSHAKE) handshake.set(name, request.headers.get(name) ?? "");
  const [route = ""] = path.split("?");
  const opened = await devtools.connect({ vmName, path: route, handshake }, closing);
  const { stream, agent, answer, early } = opened;
  const protocol = acceptedProtocol(request);
  if (protocol !== undefined) answer.headers.set("sec-websocket-protocol", protocol);
  upgrade.take(async (client, rest) => {
    using _use = agent.use();
    const over = new AbortController();
    using _check = clock.every(KEEP_ALIVE_MS, () => {
      if (!isAdmitted()) over.abort();
    });
    const signal = AbortSignal.any([closing, agent.signal, over.signal]);
    const inward = stream.write(rest).then(() => pipe(client, stream));
    const outward = client.write(headBytes(answer)).then(() => client.write(early))
      .then(() => pipe(stream, client));
    await joinWays([client, stream], [inward, outward], clock, signal);
  });
  return new Response(null, { status: 204 });
}

/** The same answer, its addresses those by which the client reaches Chrome here. */
async function rewritten(answer: Response, c: Context, parts: DevtoolsParts): Promise<Response> {
  const origin = new URL(parts.originOf(c));
  const prefix = new URL(c.req.url).pathname.split("/").slice(0, PREFIX_SEGMENTS).join("/");
  const base = `${origin.host}${prefix}`;
  const scheme = origin.protocol === "https:" ? "wss" : "ws";
  const query = parts.queryOf(c);
  const here = (path: string) => `${base}${path}${query === "" ? "" : `?${query}`}`;
  const told: unknown = await answer.json();
  for (const target of Array.isArray(told) ? told : [told]) {
    const address = target.webSocketDebuggerUrl;
    if (typeof address !== "string") continue;
    const socket = here(new URL(address).pathname);
    target.webSocketDebuggerUrl = `${scheme}://${socket}`;
    if (target.devtoolsFrontendUrl === undefined) continue;
    target.devtoolsFrontendUrl = `${origin.protocol}//${base}/devtools/inspector.html?${scheme}=` +
      encodeURIComponent(socket);
  }
  const headers = new Headers(answer.headers);
  headers.delete("content-length");
  return new Response(JSON.stringify(told, null, 3), { status: answer.status, headers });
}

/** What follows the prefix, query included, exactly as it came. */
function chromePath(url: string): string {
  const { pathname, search } = new URL(url);
  return `/${pathname.split("/").slice(PREFIX_SEGMENTS).join("/")}${search}`;
}
