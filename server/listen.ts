import type { Hono } from "hono";
import type { Host, HttpServer, Label, ServeAddress } from "../host/host.ts";
import { within } from "./runtimes/within.ts";

/** How long a shutdown waits for requests under way. */
const SHUTDOWN_GRACE_MS = 10_000;
/** How long the owner of a socket may take to show that it lives. */
const PROBE_TIMEOUT_MS = 1_000;

/** A listening app; disposing it finishes what is under way, within bounds. */
export interface Listener extends AsyncDisposable {
  readonly url: string;
}

/** Starts a server for an app. */
export type Start = (
  host: Host,
  label: Label,
  address: ServeAddress,
  app: Hono,
) => Promise<HttpServer>;

const serveApp: Start = (host, label, address, app) =>
  host.net.serve(
    label,
    address,
    (request, peer) => app.fetch(request, { peer: peer === null ? null : peer.hostname }),
  );

/**
 * Serves an app, which gets the peer's address with each request.
 *
 * @throws {Error} that says how to mend what is in the way
 */
export async function listen(
  host: Host,
  label: Label,
  address: ServeAddress,
  app: Hono,
  start: Start = serveApp,
): Promise<Listener> {
  const server = await start(host, label, address, app).catch((error) => {
    const remedy = "tls" in address
      ? "look at --tls-cert and --tls-key, or at what else listens there"
      : "end what holds it, or choose another with --listen, --socket or --guest-port";
    const reason = error instanceof Error ? error.message : error;
    throw new Error(`Cannot listen on ${placeOf(address)}: ${reason}; ${remedy}`, { cause: error });
  });
  const late = () => new Error(`Requests to ${placeOf(address)} did not end in time`);
  return {
    url: urlOf(address, server),
    [Symbol.asyncDispose]: async () => {
      try {
        await within(host.clock, SHUTDOWN_GRACE_MS, server.shutdown(), late);
      } catch (error) {
        // What is still under way is cut off when the process ends.
        host.log("warn", "shutdown did not wait longer", { error });
      }
    },
  };
}

/**
 * Serves an app on a Unix socket. One that a dead daemon left is replaced.
 *
 * @throws {Error} when somebody answers there, or something else has the path
 */
export async function listenOnSocket(
  host: Host,
  path: string,
  app: Hono,
  start: Start = serveApp,
): Promise<Listener> {
  const found = await host.files.stat("server.socket:stat", path);
  if (found !== null) await removeStale(host, path, found.isSocket);
  const listener = await listen(host, "server.socket:listen", { path }, app, start);
  return {
    url: listener.url,
    [Symbol.asyncDispose]: async () => {
      await listener[Symbol.asyncDispose]();
      await host.files.remove("server.socket:remove_undo", path);
    },
  };
}

async function removeStale(host: Host, path: string, isSocket: boolean): Promise<void> {
  if (!isSocket) {
    throw new Error(`Cannot listen on "${path}": it is no socket; choose another with --socket`);
  }
  const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
  const owner = await host.net
    .connect("server.socket:probe", { transport: "unix", path }, signal)
    .catch(() => null);
  if (owner !== null) {
    owner.close();
    throw new Error(
      `Cannot listen on "${path}": another daemon does; stop it, or choose another with --socket`,
    );
  }
  await host.files.remove("server.socket:remove_stale", path);
}

function placeOf(address: ServeAddress): string {
  return "path" in address ? `"${address.path}"` : `${address.hostname}:${address.port}`;
}

function urlOf(address: ServeAddress, { port }: HttpServer): string {
  if ("path" in address) return `unix:${address.path}`;
  const { hostname, tls } = address;
  const scheme = tls === undefined ? "http" : "https";
  return `${scheme}://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
