/**
 * What the daemon does for each operation, a line each. Here requests are values; HTTP and its
 * like end in `api/`.
 *
 * @module
 */
import type { HttpHandlers } from "../protocol/http_server.ts";
import type { Operation } from "../protocol/operation.ts";
import { browserOperations, systemOperations, vmOperations } from "../protocol/operations.ts";
import type { Relay } from "./browser/relay.ts";
import type { SystemStatus } from "./system_status.ts";
import type { Fleet } from "./vms/fleet.ts";

/** What a handler may know of its caller. */
export interface Caller {
  readonly signal: AbortSignal;
}

/** A caller that addresses one VM. */
export interface VmCaller extends Caller {
  readonly vmName: string;
}

export function vmHandlers(fleet: Fleet): HttpHandlers<typeof vmOperations, Caller> {
  return {
    create: (input) => fleet.create(input),
    list: () => Promise.resolve(fleet.list()),
    get: async ({ name }) => await fleet.get(name),
    wait: ({ name, timeout_ms }, { signal }) => fleet.wait(name, timeout_ms, signal),
    delete: ({ name }) => fleet.delete(name),
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

/** All browser operations are one: the relay takes them to the VM's agent. */
export function browserHandlers(relay: Relay): HttpHandlers<typeof browserOperations, VmCaller> {
  const handlers = Object.entries(browserOperations).map((
    [key, operation]: [string, Operation],
  ) => [
    key,
    (input: { timeout_ms: number }, { vmName, signal }: VmCaller) =>
      relay.call(vmName, operation, input, signal),
  ]);
  return Object.fromEntries(handlers) as HttpHandlers<typeof browserOperations, VmCaller>;
}
