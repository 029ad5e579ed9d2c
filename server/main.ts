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
import { Devtools } from "./browser/devtools.ts";
import { QuickActions } from "./browser/quick_actions.ts";
import { Relay } from "./browser/relay.ts";
import { adminKeyFile, type Config } from "./config.ts";
import { EventBus } from "./events/bus.ts";
import { addFigures } from "./figures.ts";
import { openGround } from "./ground.ts";
import { keepAdminKey } from "./keys/admin_key.ts";
import { ApiKeys } from "./keys/keys.ts";
import { Tickets } from "./keys/tickets.ts";
import { listen } from "./listen.ts";
import { readConsoles } from "./logs/consoles.ts";
import { consoleFile, sweepLogs } from "./logs/log_files.ts";
import { VmLogs } from "./logs/vm_logs.ts";
import { Metrics } from "./metrics/metrics.ts";
import { VmLives } from "./metrics/vm_lives.ts";
import { GuestProfiles } from "./profiles/guest_profiles.ts";
import { KeyFile } from "./profiles/key_file.ts";
import { Profiles } from "./profiles/profiles.ts";
import { cloudHypervisorRuntime } from "./runtimes/cloud_hypervisor.ts";
import { localRuntime } from "./runtimes/local.ts";
import { qemuRuntime } from "./runtimes/qemu.ts";
import type { RuntimeChoice } from "./runtimes/registry.ts";
import type { Runtime } from "./runtimes/runtime.ts";
import { openFleet } from "./open_fleet.ts";
import { openState } from "./state.ts";
import { AuditRows } from "./store/audit_rows.ts";
import { SystemStatus } from "./system_status.ts";

/** What the daemon needs beside its settings. */
export interface DaemonOptions {
  /** Starts the agent on this machine, for runtime `local`. */
  readonly agentCommand: readonly string[];
  /** To choose from, the preferred first. @default all that Viper has */
  readonly runtimes?: readonly Runtime[];
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
  host.log("info", "listening", {
    url: daemon.url,
    socket: config.socket,
    runtime: daemon.runtime.runtime.name,
  });
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
  if (host.telemetry !== null) {
    host.log("warn", "a collector gets the queries of requests: send no key as ?api_key=", {});
  }
  const state = parts.use(await openState(config, host));
  const keys = new ApiKeys(state.db, host);
  const tickets = new Tickets(keys, host);
  const admission = openAdmission(config, host, { keys, tickets });
  await keepAdminKey(keys, host, adminKeyFile(config.dbPath));
  const runtimes = options.runtimes ?? everyRuntime(config, host, options);
  const ground = parts.use(await openGround(config, host, runtimes, state.name));

  const keyFile = new KeyFile(config.profileKeyFile, host);
  const profiles = new Profiles({ db: state.db, vms: state.rows, keyFile, host });
  const bus = new EventBus(state.db, host.clock.now);
  const logs = parts.use(new VmLogs({ host, bus, logDir: config.logDir }));
  const metrics = new Metrics(host.telemetry);
  const lives = new VmLives(metrics, host);
  bus.listen((event) => lives.take(event));
  const guestHostname = ground.network === null ? "127.0.0.1" : config.hostIp;
  // A VM may be started again before the listener stands; only a free port is known no sooner.
  let guestUrl = `http://${guestHostname}:${config.guestPort}`;
  const { fleet } = parts.use(
    await openFleet(config, host, {
      ...{ ground, state, bus },
      profiles: new GuestProfiles({ profiles, host }),
      guestUrl: () => guestUrl,
      onRepaired: (count) => metrics.count("viper_network_repairs_total", {}, count),
    }),
  );
  addFigures(metrics, config, host, { fleet, bus, ground, state });

  await sweepLogs(host, config.logDir, (id) => state.rows.byId(id) !== undefined);
  parts.use(readConsoles({
    host,
    logs,
    vms: () => state.rows.all(),
    fileOf: (id) => consoleFile(config.logDir, id),
  }));

  const onServerError = logServerErrors(host);
  const guest: Hono = guestApp({
    ...{ fleet, logs, host, onServerError },
    onAnnounce: (vmId, readyMs) => lives.noteAnnounce(vmId, readyMs),
  });
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
  const relay = new Relay(
    (name) => fleet.agent(name),
    host,
    (operation, seconds) =>
      metrics.observe("viper_agent_request_duration_seconds", { operation }, seconds),
  );
  const api = restApp({
    ...{
      fleet,
      logs,
      metrics,
      relay,
      quick: new QuickActions(fleet, relay, host),
      telemetry: host.telemetry,
      devtools: new Devtools(relay, host),
    },
    status: new SystemStatus(host, VERSION, ground.choice.runtime.name, () => fleet.count()),
    events: { bus, clock: host.clock, closing: closing.signal },
    keys,
    tickets,
    profiles,
    audit: new Audit(new AuditRows(state.db), host),
    admission,
    onServerError,
    net: host.net,
    newRequestId: host.random.uuid,
  });
  const { url } = parts.use(await listenForApi(config, host, api));
  parts.defer(() => closing.abort());

  const opened = parts.move();
  return { url, runtime: ground.choice, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** The runtimes that a daemon with these settings chooses from, the preferred one first. */
export function everyRuntime(
  { hypervisor }: Pick<Config, "hypervisor">,
  host: Host,
  { agentCommand }: DaemonOptions,
): Runtime[] {
  return [
    cloudHypervisorRuntime(host, { binary: hypervisor }),
    qemuRuntime(host),
    localRuntime(host, { agentCommand: [...agentCommand] }),
  ];
}

/** The cause chain goes to the log, once; the query may hold secrets and does not. */
function logServerErrors(host: Host): OnServerError {
  return (error, request, request_id) =>
    // What fails since the client has gone is no fault of ours.
    host.log(request.signal.aborted ? "info" : "error", "request failed", {
      request_id,
      method: request.method,
      path: new URL(request.url).pathname,
      error,
    });
}
