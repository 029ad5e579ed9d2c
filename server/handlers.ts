/**
 * What the daemon does for each operation, a line each. Here requests are values; HTTP and its
 * like end in `api/`.
 *
 * @module
 */
import type { HttpHandlers } from "../protocol/http_server.ts";
import type { Operation } from "../protocol/operation.ts";
import type {
  auditOperations,
  keyOperations,
  profileOperations,
  quickOperations,
  systemOperations,
  ticketOperations,
  vmOperations,
} from "../protocol/operations.ts";
import { browserOperations } from "../protocol/operations.ts";
import type { Audit } from "./audit.ts";
import type { QuickActions, QuickCaller } from "./browser/quick_actions.ts";
import type { Relay } from "./browser/relay.ts";
import type { ApiKeys } from "./keys/keys.ts";
import type { Principal } from "./keys/principal.ts";
import type { Tickets } from "./keys/tickets.ts";
import type { Profiles } from "./profiles/profiles.ts";
import type { SystemStatus } from "./system_status.ts";
import type { Requester } from "./vms/creations.ts";
import type { Fleet } from "./vms/fleet.ts";

/** What a handler may know of its caller. */
export interface Caller {
  readonly signal: AbortSignal;
  readonly principal: Principal;
}

/** A caller that addresses one VM. */
export interface VmCaller extends Caller {
  readonly vmName: string;
  /** Names the request in the agent's log, too. */
  readonly requestId: string;
  /** Media types that the client takes, as a header Accept. */
  readonly accept: string;
}

export function vmHandlers(fleet: Fleet): HttpHandlers<typeof vmOperations, Requester> {
  return {
    create: (input, caller) => fleet.create(input, caller),
    list: (input) => Promise.resolve(fleet.list(input)),
    get: async ({ name }) => await fleet.get(name),
    wait: (input, { signal }) => fleet.wait(input, signal),
    delete: ({ name }) => fleet.delete(name),
    start: ({ name }) => fleet.start(name),
    stop: ({ name, grace_ms }) => fleet.stop(name, grace_ms),
    restart: ({ name, grace_ms }) => fleet.restart(name, grace_ms),
    pause: ({ name }) => fleet.pause(name),
    resume: ({ name }) => fleet.resume(name),
    saveProfile: ({ name }) => fleet.saveProfile(name),
    setEgress: ({ name, egress }) => fleet.setEgress(name, egress),
  };
}

export function systemHandlers(
  status: SystemStatus,
): HttpHandlers<typeof systemOperations, Caller> {
  return {
    health: () => Promise.resolve({ status: "ok", version: status.version }),
    status: () => status.read(),
  };
}

export function keyHandlers(keys: ApiKeys): HttpHandlers<typeof keyOperations, Caller> {
  return {
    create: async ({ name, role, ttl_ms }) => await keys.create({ name, role, ttlMs: ttl_ms }),
    list: () => Promise.resolve(keys.list()),
    delete: async ({ id }) => await keys.delete(id),
  };
}

export function profileHandlers(
  profiles: Profiles,
): HttpHandlers<typeof profileOperations, Caller> {
  return {
    create: (input) => profiles.create(input),
    list: () => Promise.resolve(profiles.list()),
    get: async ({ name }) => await profiles.get(name),
    export: ({ name }) => profiles.read(name),
    delete: async ({ name }) => await profiles.delete(name),
  };
}

export function ticketHandlers(tickets: Tickets): HttpHandlers<typeof ticketOperations, Caller> {
  return { create: async (_, { principal }) => await tickets.create(principal) };
}

export function auditHandlers(audit: Audit): HttpHandlers<typeof auditOperations, Caller> {
  return { list: ({ limit, cursor }) => Promise.resolve(audit.list(limit, cursor)) };
}

export function quickHandlers(
  quick: QuickActions,
): HttpHandlers<typeof quickOperations, QuickCaller> {
  return {
    screenshot: (input, caller) => quick.run("screenshot", input, caller),
    pdf: (input, caller) => quick.run("pdf", input, caller),
    content: (input, caller) => quick.run("getHtml", input, caller),
    markdown: (input, caller) => quick.run("markdown", input, caller),
    scrape: (input, caller) => quick.run("scrape", input, caller),
  };
}

/** All browser operations are one: the relay takes them to the VM's agent. */
export function browserHandlers(relay: Relay): HttpHandlers<typeof browserOperations, VmCaller> {
  const handlers = Object.entries(browserOperations).map((
    [key, operation]: [string, Operation],
  ) => [
    key,
    (input: { timeout_ms: number }, { vmName, ...caller }: VmCaller) =>
      relay.call(vmName, operation, input, caller),
  ]);
  return Object.fromEntries(handlers) as HttpHandlers<typeof browserOperations, VmCaller>;
}
