/** The REST app over the fleet of a test, asked without a socket. */
import assert from "node:assert/strict";
import type { Hono } from "hono";
import { jsonLog } from "../../../../host/json_log.ts";
import { type ProblemCode, PROBLEMS } from "../../../../protocol/problem_codes.ts";
import { restApp } from "../../../../server/api/rest.ts";
import { Admission, type AdmissionRules } from "../../../../server/api/auth/admission.ts";
import { Failures } from "../../../../server/api/auth/failures.ts";
import { parseCidrs } from "../../../../server/api/auth/peers.ts";
import { Audit } from "../../../../server/audit.ts";
import { ApiKeys } from "../../../../server/keys/keys.ts";
import { Tickets } from "../../../../server/keys/tickets.ts";
import { Metrics } from "../../../../server/metrics/metrics.ts";
import { AuditRows } from "../../../../server/store/audit_rows.ts";
import { Devtools } from "../../../../server/browser/devtools.ts";
import { QuickActions } from "../../../../server/browser/quick_actions.ts";
import { type AgentOf, Relay } from "../../../../server/browser/relay.ts";
import { SystemStatus } from "../../../../server/system_status.ts";
import { type FleetWorld, fleetWorld, type WorldOptions } from "../vms/fleet_world.ts";

/** Where the app seems to listen. */
export const BASE = "http://127.0.0.1:7777";

/** A REST app and what is behind it. */
export interface ApiWorld extends AsyncDisposable {
  readonly world: FleetWorld;
  readonly app: Hono;
  readonly closing: AbortController;
  /** Errors that were told as the server's own. */
  readonly serverErrors: unknown[];
  readonly keys: ApiKeys;
  readonly tickets: Tickets;
  readonly audit: Audit;
  readonly metrics: Metrics;
  /** What was logged, a line of JSON each. */
  readonly log: string[];
  /** A request from `peer`, else from this machine; `null`: over the Unix socket. */
  request(path: string, init?: RequestInit, peer?: string | null): Promise<Response>;
  /** A request with a JSON body. */
  post(path: string, body: unknown): Promise<Response>;
}

/** Everybody on this machine is let in, from everywhere nobody without a key. */
export const OPEN: AdmissionRules = {
  environmentKey: null,
  insecureLoopback: true,
  listenHostname: "127.0.0.1",
  peers: { allowed: null, trustedProxies: parseCidrs([], "none") },
};

export async function apiWorld(
  options: WorldOptions & { rules?: Partial<AdmissionRules>; agentOf?: AgentOf } = {},
): Promise<ApiWorld> {
  const { rules = {}, agentOf, ...fleetOptions } = options;
  const world = await fleetWorld(fleetOptions);
  const log: string[] = [];
  const host = {
    ...world.host,
    log: jsonLog((line) => log.push(line), world.clock.now),
  };
  const keys = new ApiKeys(world.db, host);
  const tickets = new Tickets(keys, host);
  const failures = new Failures(world.clock);
  const admission = new Admission({ keys, tickets, failures, log: host.log }, {
    ...OPEN,
    ...rules,
  });
  const audit = new Audit(new AuditRows(world.db), host);
  const metrics = new Metrics(null);
  const closing = new AbortController();
  const serverErrors: unknown[] = [];
  const relay = new Relay(
    agentOf ?? ((name) => world.fleet.agent(name)),
    world.host,
    (operation, seconds) =>
      metrics.observe("viper_agent_request_duration_seconds", { operation }, seconds),
  );
  const app = restApp({
    ...{ fleet: world.fleet, logs: world.logs, relay },
    quick: new QuickActions(world.fleet, relay, host),
    devtools: new Devtools(relay, world.host),
    status: new SystemStatus(world.host, "1.2.3", "qemu", () => world.fleet.count()),
    events: { bus: world.bus, clock: world.clock, closing: closing.signal },
    profiles: world.profiles.store,
    ...{ keys, tickets, audit, admission, metrics, telemetry: null },
    net: host.net,
    newRequestId: () => "made-here",
    onServerError: (error) => serverErrors.push(error),
  });
  const request = async (path: string, init?: RequestInit, peer: string | null = "127.0.0.1") =>
    await app.fetch(new Request(BASE + path, init), { peer });
  return {
    ...{ metrics, world, app, closing, serverErrors, keys, tickets, audit, log, request },
    post: (path, body) =>
      request(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    [Symbol.asyncDispose]: async () => {
      closing.abort();
      await world[Symbol.asyncDispose]();
    },
  };
}

/** Checks that the answer is the problem of that code, in all its members, and returns it. */
export async function assertProblem(
  response: Response,
  code: ProblemCode,
): Promise<Record<string, unknown>> {
  const body = await response.json();
  assert.equal(body.code, code, JSON.stringify(body));
  assert.equal(response.status, PROBLEMS[code].status);
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  assert.equal(body.status, response.status);
  assert.equal(body.title, PROBLEMS[code].title);
  assert.equal(body.error, body.detail);
  assert.equal(body.type, `urn:viper:problem:${code}`);
  return body;
}
