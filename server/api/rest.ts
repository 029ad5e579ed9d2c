/**
 * The daemon's HTTP face for people and programs: operations as routes, the agent proxy, the
 * event stream.
 *
 * @module
 */
import type { Context, Hono } from "hono";
import {
  createApp,
  methodNotAllowed,
  mount,
  type OnServerError,
} from "../../protocol/http_server.ts";
import {
  AGENT_PREFIX,
  browserOperations,
  systemOperations,
  vmOperations,
} from "../../protocol/operations.ts";
import type { Relay } from "../browser/relay.ts";
import {
  browserHandlers,
  type Caller,
  systemHandlers,
  type VmCaller,
  vmHandlers,
} from "../handlers.ts";
import type { SystemStatus } from "../system_status.ts";
import type { Fleet } from "../vms/fleet.ts";
import { type AdmissionRules, admit } from "./admission.ts";
import { openEventStream, type SseParts } from "./sse.ts";

/** What the API speaks to. */
export interface RestParts {
  readonly fleet: Fleet;
  readonly relay: Relay;
  readonly status: SystemStatus;
  readonly events: SseParts;
  readonly rules: AdmissionRules;
  readonly onServerError: OnServerError;
}

/** The app that answers API requests. */
export function restApp(parts: RestParts): Hono {
  const app = createApp(parts.onServerError);
  app.use(async (c, next) => {
    admit(c.req.raw, parts.rules);
    await next();
  });
  const contextOf = (c: Context): Caller => ({ signal: c.req.raw.signal });
  // A wait must not hold up the daemon's end.
  const vmContextOf = (c: Context): Caller => ({
    signal: AbortSignal.any([c.req.raw.signal, parts.events.closing]),
  });
  mount(app, systemOperations, systemHandlers(parts.status), { contextOf });
  mount(app, vmOperations, vmHandlers(parts.fleet), { contextOf: vmContextOf });
  app.get("/api/v1/events/vms", (c) => openEventStream(c.req.raw, parts.events));
  app.all("/api/v1/events/vms", (c) => methodNotAllowed(c, ["GET"]));
  mount(app, browserOperations, browserHandlers(parts.relay), {
    prefix: AGENT_PREFIX,
    contextOf: (c): VmCaller => ({ ...contextOf(c), vmName: vmNameOf(c) }),
  });
  app.all(`${AGENT_PREFIX.replace("{name}", ":name")}/*`, (c) => {
    return parts.relay.forward(vmNameOf(c), agentPath(c.req.url), c.req.raw);
  });
  return app;
}

function vmNameOf(c: Context): string {
  return c.req.param("name") ?? "";
}

/** What follows the proxy's prefix, query included, exactly as it came. */
function agentPath(url: string): string {
  const { pathname, search } = new URL(url);
  // By segments and not by length, since a client may percent-encode what is in the prefix.
  const rest = pathname.split("/").slice(AGENT_PREFIX.split("/").length);
  return `/${rest.join("/")}${search}`;
}
