/**
 * The daemon's HTTP face for people and programs: operations as routes, the agent proxy, the
 * event stream.
 *
 * @module
 */
import type { Context, Hono } from "hono";
import { createApp, mount, type OnServerError } from "../../protocol/http_server.ts";
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
  mount(app, systemOperations, systemHandlers(parts.status), { contextOf });
  mount(app, vmOperations, vmHandlers(parts.fleet), { contextOf });
  app.get("/api/v1/events/vms", (c) => openEventStream(c.req.raw, parts.events));
  mount(app, browserOperations, browserHandlers(parts.relay), {
    prefix: AGENT_PREFIX,
    contextOf: (c): VmCaller => ({ ...contextOf(c), vmName: vmNameOf(c) }),
  });
  app.all(`${AGENT_PREFIX.replace("{name}", ":name")}/*`, (c) => {
    const name = vmNameOf(c);
    return parts.relay.forward(name, agentPath(c.req.url, name), c.req.raw);
  });
  return app;
}

function vmNameOf(c: Context): string {
  return c.req.param("name") ?? "";
}

/** What follows the proxy's prefix, query included, exactly as it came. */
function agentPath(url: string, name: string): string {
  const { pathname, search } = new URL(url);
  const prefix = AGENT_PREFIX.replace("{name}", encodeURIComponent(name));
  return pathname.slice(prefix.length) + search;
}
