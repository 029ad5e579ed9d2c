/**
 * Chrome's DevTools as clients know them, below each VM: HTTP endpoints whose addresses lead back
 * here, and WebSockets that are passed through byte for byte.
 *
 * @module
 */
import type { Context, Hono } from "hono";
import type { Clock } from "../../host/host.ts";
import { readdressed, WITH_ADDRESSES } from "../../protocol/devtools_addresses.ts";
import { bounded } from "../../protocol/http_body.ts";
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
/** Bytes of an answer that is read to have its addresses rewritten; pages may have long ones. */
export const ADDRESSES_BYTES_MAX = 16 * 1024 * 1024;

/** Addresses of one answer that let their client in; a guest may name more than there are tickets. */
export const ADMITTING_ADDRESSES_MAX = 128;

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
      if (!isRewritten) return answer;
      const prefix = new URL(c.req.url).pathname.split("/").slice(0, PREFIX_SEGMENTS).join("/");
      const place = { origin: parts.originOf(c), prefix, query: queries(() => parts.queryOf(c)) };
      // What a guest serves must not act at the daemon's origin, and its pages are shut in.
      return await readdressed(bounded(answer, ADDRESSES_BYTES_MAX), {
        ...place,
        hasFrontEnd: false,
      });
    });
  }
}

/** The same query as long as there may be more of it, and none then. */
function queries(query: () => string): () => string {
  let left = ADMITTING_ADDRESSES_MAX;
  return () => left-- > 0 ? query() : "";
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
  const [route = ""] = path.split("?");
  const opened = await devtools.connect(
    { vmName, path: route, handshake: request.headers },
    closing,
  );
  const protocol = acceptedProtocol(request);
  if (protocol !== undefined) opened.answer.headers.set("sec-websocket-protocol", protocol);
  upgrade.take(async (client, early) => {
    using _use = opened.agent.use();
    const over = new AbortController();
    using _check = clock.every(KEEP_ALIVE_MS, () => {
      if (!isAdmitted()) over.abort();
    });
    const signal = AbortSignal.any([closing, opened.agent.signal, over.signal]);
    await opened.join({ stream: client, early }, signal);
  });
  return new Response(null, { status: 204 });
}

/** What follows the prefix, query included, exactly as it came. */
function chromePath(url: string): string {
  const { pathname, search } = new URL(url);
  return `/${pathname.split("/").slice(PREFIX_SEGMENTS).join("/")}${search}`;
}
