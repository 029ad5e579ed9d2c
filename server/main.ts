/**
 * The daemon: builds every part top to bottom and closes them in reverse. The only file that
 * names concrete runtimes and APIs.
 *
 * @module
 */
import type { Hono } from "hono";
import type { Host } from "../host/host.ts";
import type { OnServerError } from "../protocol/http_server.ts";
import { VERSION } from "../protocol/version.ts";
import { guestApp } from "./api/guest.ts";
import { restApp } from "./api/rest.ts";
import { listenForApi, openAdmission } from "./api_listeners.ts";
import { Audit } from "./audit.ts";
import { Relay } from "./browser/relay.ts";
import { adminKeyFile, type Config } from "./config.ts";
import { EventBus } from "./events/bus.ts";
import { keepAdminKey } from "./keys/admin_key.ts";
import { ApiKeys } from "./keys/keys.ts";
import { Tickets } from "./keys/tickets.ts";
import { listen } from "./listen.ts";
import { type Network, openNetwork } from "./network/network.ts";
import { hostResolvers } from "./network/resolvers.ts";
import { parseSubnet } from "./network/subnet.ts";
import { cloudHypervisorRuntime } from "./runtimes/cloud_hypervisor.ts";
import { localRuntime } from "./runtimes/local.ts";
import { qemuRuntime } from "./runtimes/qemu.ts";
import { chooseRuntime, type RuntimeChoice } from "./runtimes/registry.ts";
import { openState, type State } from "./state.ts";
import { AuditRows } from "./store/audit_rows.ts";
import { SystemStatus } from "./system_status.ts";
import { Fleet } from "./vms/fleet.ts";

/** How long an address of this very machine may take to refuse a connection. */
const PROBE_TIMEOUT_MS = 1_000;

/** What the daemon needs beside its settings. */
export interface DaemonOptions {
  /** Starts the agent on this machine, for runtime `local`. */
  readonly agentCommand: readonly string[];
}

/** A daemon that serves; disposing it stops its VMs and leaves the host as it was. */
export interface Daemon extends AsyncDisposable {
  /** Of the API, such as `http://127.0.0.1:7777`. */
  readonly url: string;
  readonly runtime: RuntimeChoice;
}

/** Serves until the signal is aborted, then shuts down in order. */
export async function serve(
  config: Config,
  host: Host,
  options: DaemonOptions,
  signal: AbortSignal,
): Promise<void> {
  await using daemon = await openDaemon(config, host, options);
  host.log("info", "listening", { url: daemon.url, runtime: daemon.runtime.runtime.name });
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => resolve(), { once: true });
  if (!signal.aborted) await promise;
  host.log("info", "shutting down", {});
}

/**
 * Starts every part and answers once the API listens.
 *
 * @throws {Error} that says which part could not be started; nothing is left behind then
 */
export async function openDaemon(
  config: Config,
  host: Host,
  options: DaemonOptions,
): Promise<Daemon> {
  await using parts = new AsyncDisposableStack();
  const state = parts.use(await openState(config, host));
  const keys = new ApiKeys(state.db, host);
  const tickets = new Tickets(keys, host);
  const admission = openAdmission(config, host, { keys, tickets });
  await keepAdminKey(keys, host, adminKeyFile(config.dbPath));
  const choice = await chooseRuntime([
    cloudHypervisorRuntime(host, { binary: config.hypervisor }),
    qemuRuntime(host),
    localRuntime(host, { agentCommand: [...options.agentCommand] }),
  ], config.runtime);
  if (choice.availability.warning) host.log("warn", choice.availability.warning, {});
  const resolvers = choice.runtime.traits.network ? await hostResolvers(host) : [];
  const network = choice.runtime.traits.network
    ? parts.use(await openNetworkAlone(config, host, resolvers))
    : null;

  const bus = new EventBus(state.db, host.clock.now);
  let guestUrl = "";
  const fleet = buildFleet(config, host, choice, network, resolvers, state, bus, () => guestUrl);
  parts.defer(() => fleet.close());
  await fleet.recover();

  const onServerError = logServerErrors(host);
  const guest: Hono = guestApp(fleet, host.clock, onServerError);
  const guestHostname = network === null ? "127.0.0.1" : config.hostIp;
  const guestListener = parts.use(
    await listen(
      host,
      "server.guest:listen",
      { hostname: guestHostname, port: config.guestPort },
      guest,
    ),
  );
  guestUrl = guestListener.url;

  const closing = new AbortController();
  const api = restApp({
    fleet,
    relay: new Relay((name) => fleet.agent(name), host),
    status: new SystemStatus(host, VERSION, choice.runtime.name, () => fleet.count()),
    events: { bus, clock: host.clock, closing: closing.signal },
    keys,
    tickets,
    audit: new Audit(new AuditRows(state.db), host),
    admission,
    onServerError,
  });
  const { url } = parts.use(await listenForApi(config, host, api));
  parts.defer(() => closing.abort());

  const opened = parts.move();
  return { url, runtime: choice, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** Opens the network, unless another daemon serves guests on it: its VMs would be swept. */
async function openNetworkAlone(
  config: Config,
  host: Host,
  resolvers: readonly string[],
): Promise<Network> {
  const { hostIp: hostname, guestPort: port, bridge, subnet } = config;
  host.net.reachDirectly([subnet]);
  const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
  const other = await host.net
    .connect("server.network:probe", { transport: "tcp", hostname, port }, signal)
    .catch(() => null);
  if (other !== null) {
    other.close();
    throw new Error(
      `Cannot use bridge "${bridge}": another daemon serves guests on ${hostname}:${port}; ` +
        "stop it, or choose another --bridge, --subnet and --host-ip",
    );
  }
  return await openNetwork({ ...config, openPorts: config.guestOpenPorts, resolvers }, host);
}

function buildFleet(
  config: Config,
  host: Host,
  { runtime, availability }: RuntimeChoice,
  network: Network | null,
  resolvers: readonly string[],
  { db, rows, leases }: State,
  bus: EventBus,
  daemonUrl: () => string,
): Fleet {
  const { runtimeDir, logDir, imageDir, vmLimit, bootTimeoutMs, hostIp } = config;
  const footprint = { host, runtime, taps: network, runtimeDir, logDir };
  return new Fleet({ host, bus, rows, leases, footprint }, {
    db,
    accel: availability.accel,
    network: network && { subnet: parseSubnet(config.subnet), hostIp, resolvers },
    imageDir,
    vmLimit,
    bootTimeoutMs,
    daemonUrl,
  });
}

/** The cause chain goes to the log, once; the query may hold secrets and does not. */
function logServerErrors(host: Host): OnServerError {
  return (error, request) =>
    // What fails since the client has gone is no fault of ours.
    host.log(request.signal.aborted ? "info" : "error", "request failed", {
      method: request.method,
      path: new URL(request.url).pathname,
      error,
    });
}
