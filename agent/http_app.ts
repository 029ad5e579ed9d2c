/** The agent over HTTP. */
import type { Hono } from "hono";
import type { Host, StreamListener } from "../host/host.ts";
import { DEVTOOLS_DOOR_PATH, DEVTOOLS_PREFIX, type Instance } from "../protocol/guest.ts";
import { createApp, identifyRequests, mount, nameSpans } from "../protocol/http_server.ts";
import { agentOperations, browserOperations } from "../protocol/operations.ts";
import type { Operation } from "../protocol/operation.ts";
import { BODY_LIMIT_BYTES } from "../protocol/http_body.ts";
import { toViperError, ViperError } from "../protocol/problems.ts";
import { Verifier } from "../protocol/verifier.ts";
import { VERSION } from "../protocol/version.ts";
import { ActionRunner, type Call } from "./action_runner.ts";
import type { SupervisedBrowser } from "./browser.ts";
import type { DoorParts } from "./devtools_door.ts";
import { FOLLOW_PATH, openFollowStream } from "./follow.ts";
import { guestMemory } from "./guest_memory.ts";
import { browserHandlers } from "./handlers.ts";
import { confinementOf } from "./sandbox.ts";

/** The one route that needs no signature. */
const HEALTH_PATH = agentOperations.health.http.path;

/** Bytes of what is sent to a path that takes more than others. */
const BODY_LIMITS = new Map(
  Object.values(browserOperations)
    .flatMap(({ http: { path }, bodyBytesMax }: Operation) =>
      bodyBytesMax === undefined ? [] : [[path, bodyBytesMax] as const]
    ),
);

/** An app that serves the browser's operations, the agent's health and its DevTools address. */
export function agentApp(
  { instance, host, browser, startedMs, scriptCommand, signal }: {
    instance: Instance;
    host: Host;
    browser: SupervisedBrowser;
    startedMs: number;
    /** Starts the process of a script. */
    scriptCommand: readonly string[];
    /** Aborted when the agent ends. */
    signal: AbortSignal;
  },
): Hono {
  const app = createApp((error, request, request_id) => {
    // A page that is slow or cannot be loaded is the page's affair, and a caller that has hung up its
    // own; only our own faults are errors.
    const isOurs = toViperError(error).code === "internal" && !request.signal.aborted;
    const level = isOurs ? "error" : "info";
    const path = new URL(request.url).pathname;
    host.log(level, "A request failed", { request_id, path, error });
  });
  identifyRequests(app, host.random.uuid);
  nameSpans(app, host.telemetry);
  const verifier = new Verifier(instance.token, "agent", host.clock);
  app.use(async (c, next) => {
    const isOpen = c.req.path === HEALTH_PATH && c.req.method === "GET";
    const bytesMax = BODY_LIMITS.get(c.req.path) ?? BODY_LIMIT_BYTES;
    if (!isOpen) c.req.raw = await verifier.verify(c.req.raw, bytesMax);
    await next();
  });
  mount<typeof browserOperations, Call>(
    app,
    browserOperations,
    browserHandlers(
      new ActionRunner(host.clock, browser, host.telemetry),
      { browser, host, command: scriptCommand },
    ),
    {
      contextOf: (c) => ({ signal: c.req.raw.signal }),
    },
  );
  mount(app, agentOperations, { health: () => health(browser, host, startedMs) }, {
    contextOf: () => undefined,
  });
  app.get(FOLLOW_PATH, (c) => openFollowStream(c.req.raw, browser, host.clock));
  app.get(DEVTOOLS_PREFIX, (c) => c.json(devtools(browser)));
  let door: Promise<StreamListener> | null = null;
  app.post(DEVTOOLS_DOOR_PATH, async (c) => {
    const parts = { host, hostname: instance.listen.hostname, verifier, browser };
    door ??= openDoor(parts, signal);
    return c.json({ port: (await door).port });
  });
  app.all(`${DEVTOOLS_PREFIX}/*`, (c) => askChrome(c.req.raw, browser, host));
  return app;
}

async function health(browser: SupervisedBrowser, host: Host, startedMs: number) {
  const version = browser.answer?.browserVersion;
  return {
    status: version === undefined ? "starting" as const : "ok" as const,
    uptime: (host.clock.monotonicMs() - startedMs) / 1_000,
    version: VERSION,
    ...(version === undefined ? {} : { browser_version: version }),
    browser_restarts: browser.restarts,
    ...browser.pid === null ? {} : await confinementOf(browser.pid, host.files),
    ...await memory(host),
  };
}

async function memory(host: Host) {
  const { total, available } = await guestMemory("agent.health:memory", host);
  const megabytes = (bytes: number) => Math.round(bytes / 1_024 / 1_024);
  return { mem_total_mb: megabytes(total), mem_available_mb: megabytes(available) };
}

/** Its code is loaded with the first one who comes. */
async function openDoor(parts: DoorParts, signal: AbortSignal): Promise<StreamListener> {
  const { openDevtoolsDoor } = await import("./devtools_door.ts");
  const door = await openDevtoolsDoor(parts);
  signal.addEventListener("abort", () => door.close(), { once: true });
  return door;
}

/** Passes a request on to Chrome's own HTTP server, as it stands behind the prefix. */
async function askChrome(
  { method, url, signal }: Request,
  { answer }: SupervisedBrowser,
  { net }: Host,
): Promise<Response> {
  if (answer === null) {
    throw new ViperError("browser_unavailable", "Cannot reach DevTools: Chrome is not ready");
  }
  const { pathname, search } = new URL(url);
  const path = pathname.slice(DEVTOOLS_PREFIX.length) + search;
  const chrome = `http://${new URL(answer.devtoolsUrl).host}${path}`;
  const { status, headers, body } = await net.fetch("agent.devtools:fetch", chrome, {
    ...{ method, signal, redirect: "manual" },
  });
  return new Response(body, { status, headers });
}

/** Where Chrome's DevTools listen, on the guest's own loopback. */
function devtools({ answer }: SupervisedBrowser) {
  if (answer === null) {
    throw new ViperError("browser_unavailable", "Cannot tell Chrome's address: it is not ready");
  }
  const url = new URL(answer.devtoolsUrl);
  return {
    websocket_url: answer.devtoolsUrl,
    websocket_path: url.pathname,
    browser_version: answer.browserVersion,
    user_agent: answer.userAgent,
    address: url.hostname,
    port: Number(url.port),
  };
}
