/**
 * How the API is reached: who is let in, and the two listeners that it is served on.
 *
 * @module
 */
import type { Hono } from "hono";
import type { Host, Tls } from "../host/host.ts";
import { Admission } from "./api/auth/admission.ts";
import { Failures } from "./api/auth/failures.ts";
import { parseCidrs } from "./api/auth/peers.ts";
import { type Config, isLoopback } from "./config.ts";
import { VARIABLES } from "./settings.ts";
import type { ApiKeys } from "./keys/keys.ts";
import type { Tickets } from "./keys/tickets.ts";
import { serveFront, webSocketsOf } from "./front/front.ts";
import { listen, type Listener, listenOnSocket, type Start } from "./listen.ts";

/** The door of the API, as the settings have it. @throws {TypeError} for a list of no addresses */
export function openAdmission(
  config: Config,
  host: Host,
  { keys, tickets }: { readonly keys: ApiKeys; readonly tickets: Tickets },
): Admission {
  const { apiKey, insecureLoopback, apiListen, allowCidr, trustedProxies } = config;
  return new Admission({ keys, tickets, failures: new Failures(host.clock), log: host.log }, {
    environmentKey: apiKey,
    insecureLoopback,
    listenHostname: apiListen.hostname,
    peers: {
      allowed: allowCidr.length === 0 ? null : parseCidrs(allowCidr, VARIABLES.allowCidr),
      trustedProxies: parseCidrs(trustedProxies, VARIABLES.trustedProxies),
    },
  });
}

/** Their WebSockets are taken over as bare connections. */
const DEVTOOLS = /^\/(?:api|ws)\/v1\/vms\/[^/?]+\/devtools\//;

const startFront: Start = (host, label, address, app) =>
  serveFront(
    host,
    label,
    address,
    webSocketsOf(DEVTOOLS),
    (request, env) => app.fetch(request, env),
  );

/** Serves the API on its socket and its address; the URL is the address's. */
export async function listenForApi(config: Config, host: Host, app: Hono): Promise<Listener> {
  await using parts = new AsyncDisposableStack();
  const { hostname, port } = config.apiListen;
  const tls = await readTls(config, host);
  if (tls === null && !isLoopback(hostname)) {
    host.log("warn", "keys cross the network unencrypted: set --tls-cert and --tls-key", {
      hostname,
    });
  }
  if (config.insecureLoopback) {
    host.log("warn", "every user of this machine is an admin: --insecure-loopback", { hostname });
  }
  parts.use(await listenOnSocket(host, config.socket, app, startFront));
  const address = { hostname, port, ...(tls === null ? {} : { tls }) };
  const { url } = parts.use(await listen(host, "server.api:listen", address, app, startFront));
  const opened = parts.move();
  return { url, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

async function readTls({ tlsCert, tlsKey }: Config, host: Host): Promise<Tls | null> {
  if (tlsCert === null || tlsKey === null) return null;
  const read = (path: string, name: "tlsCert" | "tlsKey") =>
    host.files.readText("server.api:tls_read", path).catch((error) => {
      const reason = error instanceof Error ? error.message : error;
      throw new Error(`Cannot read "${path}" of ${VARIABLES[name]}: ${reason}`, { cause: error });
    });
  return { cert: await read(tlsCert, "tlsCert"), key: await read(tlsKey, "tlsKey") };
}
