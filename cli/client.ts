import { CliError } from "./context.ts";
import type { Net } from "../host/host.ts";
import { type ClientOptions, createClient } from "../protocol/http_client.ts";
import type { Client } from "../protocol/operation.ts";
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
} from "../protocol/operations.ts";

/** A daemon, as its clients use it. */
export interface ViperClient {
  readonly vms: Client<typeof vmOperations>;
  readonly logs: Client<typeof logOperations>;
  readonly quick: Client<typeof quickOperations>;
  readonly system: Client<typeof systemOperations>;
  readonly keys: Client<typeof keyOperations>;
  readonly profiles: Client<typeof profileOperations>;
  readonly tickets: Client<typeof ticketOperations>;
  readonly audit: Client<typeof auditOperations>;
  /** The browser of one VM. */
  browser(vmName: string): Client<typeof browserOperations>;
}

/** Settings of {@linkcode viperClient}. */
export interface ViperClientOptions {
  readonly apiKey?: string | undefined;
  /** Ends every call when it is aborted. */
  readonly signal?: AbortSignal;
}

/** Speaks to the daemon at `baseUrl`, such as `http://127.0.0.1:7777`. */
export function viperClient(
  { net }: { readonly net: Pick<Net, "fetch"> },
  baseUrl: string,
  { apiKey, signal }: ViperClientOptions = {},
): ViperClient {
  const ended = signal === undefined ? {} : { signal };
  const options: ClientOptions = {
    fetch: (url, init) =>
      net.fetch("cli.client:fetch", url, { ...ended, ...init }).catch(unreachable(url)),
    baseUrl: baseUrl.replace(/\/+$/, ""),
    headers: apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` },
  };
  return {
    vms: createClient(vmOperations, options),
    logs: createClient(logOperations, options),
    quick: createClient(quickOperations, options),
    system: createClient(systemOperations, options),
    keys: createClient(keyOperations, options),
    profiles: createClient(profileOperations, options),
    tickets: createClient(ticketOperations, options),
    audit: createClient(auditOperations, options),
    browser: (vmName) =>
      createClient(browserOperations, {
        ...options,
        baseUrl: options.baseUrl + AGENT_PREFIX.replace("{name}", encodeURIComponent(vmName)),
      }),
  };
}

/** Says how to start a daemon; the platform says no more than "fetch failed". */
export function unreachable(url: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof TypeError)) throw error;
    throw new CliError(
      `Cannot reach the daemon at ${new URL(url).origin}: start it with "viper serve", or name ` +
        "another with --api",
      1,
      { cause: error },
    );
  };
}
