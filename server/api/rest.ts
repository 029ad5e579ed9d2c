/**
 * The daemon's HTTP face for people and programs: operations as routes, the agent proxy, the
 * event stream.
 *
 * @module
 */
import type { Context, Hono, Next } from "hono";
import type { Net, Telemetry } from "../../host/host.ts";
import {
  createApp,
  identifyRequests,
  methodNotAllowed,
  mount,
  type MountOptions,
  nameSpans,
  type OnServerError,
  requestIdOf,
} from "../../protocol/http_server.ts";
import { type Operation, roleOf } from "../../protocol/operation.ts";
import {
  AGENT_PREFIX,
  auditOperations,
  browserOperations,
  keyOperations,
  logOperations,
  profileOperations,
  quickOperations,
  systemOperations,
  ticketOperations,
  vmOperations,
} from "../../protocol/operations.ts";
import type { Role } from "../../protocol/roles.ts";
import type { Audit } from "../audit.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { Devtools } from "../browser/devtools.ts";
import type { QuickActions } from "../browser/quick_actions.ts";
import { FORWARD, type Relay } from "../browser/relay.ts";
import {
  auditHandlers,
  browserHandlers,
  type Caller,
  keyHandlers,
  profileHandlers,
  quickHandlers,
  systemHandlers,
  ticketHandlers,
  type VmCaller,
  vmHandlers,
} from "../handlers.ts";
import type { Upgrade } from "../front/front.ts";
import type { ApiKeys } from "../keys/keys.ts";
import { type Principal, requireRole } from "../keys/principal.ts";
import type { Tickets } from "../keys/tickets.ts";
import type { VmLogs } from "../logs/vm_logs.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { Profiles } from "../profiles/profiles.ts";
import type { SystemStatus } from "../system_status.ts";
import type { Fleet } from "../vms/fleet.ts";
import { noteAction, noteInput, recordChange, targetOf } from "./audited.ts";
import type { Admission, Admitted } from "./auth/admission.ts";
import {
  type Credential,
  queryCredentialOf,
  queryOf,
  withoutQueryCredentials,
} from "./auth/credentials.ts";
import { mountDevtools } from "./devtools.ts";
import { openLogSocket } from "./log_socket.ts";
import { logHandlers } from "./logs.ts";
import { meterRequests } from "./metered.ts";
import { openEventStream, type SseParts } from "./sse.ts";

/** Printable ASCII without spaces. */
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

/** What the API speaks to. */
export interface RestParts {
  readonly fleet: Fleet;
  readonly logs: VmLogs;
  readonly relay: Relay;
  readonly quick: QuickActions;
  readonly devtools: Devtools;
  readonly status: SystemStatus;
  readonly events: SseParts;
  readonly keys: ApiKeys;
  readonly tickets: Tickets;
  readonly profiles: Profiles;
  readonly audit: Audit;
  readonly metrics: Metrics;
  readonly telemetry: Telemetry | null;
  readonly admission: Admission;
  readonly onServerError: OnServerError;
  readonly net: Net;
  readonly newRequestId: () => string;
}

/** What the listener knows of a request beside its words. */
export interface RestEnv {
  /** Address of the other end; `null`: the Unix socket. */
  readonly peer: string | null;
  /** Whether the client came over TLS. @default false */
  readonly isTls?: boolean;
  /** Set for a WebSocket of DevTools on a connection that can be taken over. */
  readonly upgrade?: Upgrade | null;
}

/** The app that answers API requests; hand it a {@linkcode RestEnv} with each. */
export function restApp(parts: RestParts): Hono {
  const app = createApp(parts.onServerError);
  identifyRequests(app, parts.newRequestId);
  meterRequests(app, parts.metrics, parts.events.clock);
  nameSpans(app, parts.telemetry);
  app.use(async (c: Context, next: Next) => {
    const { peer } = c.env as RestEnv;
    const admitted = parts.admission.admit(c.req.raw, peer);
    c.set("admitted", admitted);
    c.set("queryCredential", queryCredentialOf(c.req.raw));
    c.req.raw = withoutQueryCredentials(c.req.raw);
    await next();
    recordChange(c, parts.audit, admitted);
  });
  const options: MountOptions<Caller> = { contextOf: callerOf, onInput: noteInput };
  mount(app, systemOperations, systemHandlers(parts.status), options);
  mount(app, vmOperations, vmHandlers(parts.fleet), {
    ...options,
    // A wait must not hold up the daemon's end.
    contextOf: (c, operation) => {
      const caller = callerOf(c, operation);
      return {
        ...caller,
        signal: AbortSignal.any([caller.signal, parts.events.closing]),
        caller: caller.principal.name,
        idempotencyKey: idempotencyKeyOf(c.req.raw),
      };
    },
  });
  mount(app, logOperations, logHandlers(parts.fleet, parts.logs, parts.events), {
    ...options,
    contextOf: (c, operation) => {
      const caller = callerOf(c, operation);
      const isAdmitted = stillAdmitted(caller.principal, parts.keys);
      return { ...caller, request: c.req.raw, isAdmitted };
    },
  });
  mount(app, keyOperations, keyHandlers(parts.keys), options);
  mount(app, profileOperations, profileHandlers(parts.profiles), options);
  mount(app, quickOperations, quickHandlers(parts.quick), {
    ...options,
    contextOf: (c, operation) => {
      const { principal, signal } = callerOf(c, operation);
      return {
        caller: principal.name,
        requestId: requestIdOf(c),
        accept: c.req.header("accept") ?? "*/*",
        signal: AbortSignal.any([signal, parts.events.closing]),
      };
    },
  });
  mount(app, ticketOperations, ticketHandlers(parts.tickets), options);
  mount(app, auditOperations, auditHandlers(parts.audit), options);
  app.get("/api/v1/events/vms", (c) => {
    const principal = permit(c, "viewer", "events.follow", "");
    return openEventStream(c.req.raw, parts.events, stillAdmitted(principal, parts.keys));
  });
  app.all("/api/v1/events/vms", (c) => methodNotAllowed(c, ["GET"]));
  app.get("/ws/v1/vms/:name/logs", (c) => {
    const name = vmNameOf(c);
    const principal = permit(c, "viewer", "vms.logs", name);
    const socketParts = { ...parts, ...parts.events };
    return openLogSocket(c.req.raw, name, socketParts, stillAdmitted(principal, parts.keys));
  });
  app.get("/metrics", async (c) => {
    permit(c, "viewer", "metrics.read", "");
    return c.body(await parts.metrics.text(), 200, { "content-type": parts.metrics.contentType });
  });
  app.all("/metrics", (c) => methodNotAllowed(c, ["GET"]));
  mountAgent(app, parts.relay);
  mountDevtools(app, {
    ...{ devtools: parts.devtools, ...parts.events },
    originOf: (c) => parts.admission.originOf(c.req.raw, { isTls: false, ...c.env as RestEnv }),
    queryOf: (c) => queryAgain(c, parts.tickets),
    admit: (c, operation, target) =>
      stillAdmitted(permit(c, "operator", operation, target), parts.keys),
  });
  return app;
}

/** What a VM's agent serves: known operations are validated here, the rest is passed on. */
function mountAgent(app: Hono, relay: Relay): void {
  mount(app, browserOperations, browserHandlers(relay), {
    prefix: AGENT_PREFIX,
    contextOf: (c, { name }): VmCaller => {
      const vmName = vmNameOf(c);
      const principal = permit(c, "operator", name, vmName);
      const accept = c.req.header("accept") ?? "*/*";
      return { principal, signal: c.req.raw.signal, vmName, requestId: requestIdOf(c), accept };
    },
  });
  app.all(`${AGENT_PREFIX.replace("{name}", ":name")}/*`, (c) => {
    const [vmName, path] = [vmNameOf(c), agentPath(c.req.url)];
    permit(c, "operator", FORWARD, `${vmName} ${path.split("?")[0]}`);
    return relay.forward(vmName, path, c.req.raw, requestIdOf(c));
  });
}

function callerOf(c: Context, operation: Operation): Caller {
  const principal = permit(c, roleOf(operation), operation.name, targetOf(c, operation));
  return { principal, signal: c.req.raw.signal };
}

/**
 * Notes what a request is about to do, for the audit, and whether its maker may.
 *
 * @throws {ViperError} `forbidden`
 */
export function permit(c: Context, needed: Role, operation: string, target: string): Principal {
  noteAction(c, operation, target);
  const { principal } = c.get("admitted") as Admitted;
  requireRole(principal, needed, operation);
  return principal;
}

/** What lets the same client in once more: a ticket has been used up by now. */
function queryAgain(c: Context, tickets: Tickets): string {
  const shown = c.get("queryCredential") as Credential | null;
  if (shown === null) return "";
  if (shown.kind === "key") return queryOf(shown);
  const { principal } = c.get("admitted") as Admitted;
  return queryOf({ kind: "ticket", text: tickets.create(principal).ticket });
}

/** https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ */
function idempotencyKeyOf(request: Request): string | null {
  const key = request.headers.get("idempotency-key");
  if (key === null || IDEMPOTENCY_KEY.test(key)) return key;
  throw new ViperError("invalid_request", `Cannot use "${key}" as Idempotency-Key`, {
    hint: "Send 1 to 255 printable characters, such as a UUID",
  });
}

/** Asks whether a key that was deleted or has expired ends what was opened with it. */
function stillAdmitted({ keyId }: Principal, keys: ApiKeys): () => boolean {
  return () => keyId === null || keys.isValid(keyId);
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
