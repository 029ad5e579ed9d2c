/**
 * The guest's agent: it keeps a Chrome running, serves the browser's operations over HTTP, and
 * tells the daemon when it is ready.
 *
 *     Chrome boots ───┬─ announce ─ load HTTP and CDP, connect, page ─ act
 *     listen ─────────┘
 *
 * Chrome is started before anything else is loaded, in a guest even before the agent: under slow
 * emulation each takes seconds. Ready means that the agent listens and Chrome's DevTools answer;
 * a request that comes before the rest is loaded waits for it.
 *
 * @module
 */
import type { Host } from "../host/host.ts";
import { type Instance, needsPreparedChrome } from "../protocol/guest.ts";
import { VERSION } from "../protocol/version.ts";
import { announce } from "./announce.ts";
import { SupervisedBrowser } from "./browser.ts";
import { launchChrome } from "./chrome.ts";
import { adoptChrome } from "./chrome_ahead.ts";
import { daemonLink } from "./daemon_link.ts";
import { Deadline } from "./deadline.ts";
import { Downloads } from "./downloads/downloads.ts";
import type { LogQueue } from "./log_queue.ts";
import { sendLogs } from "./log_sender.ts";
import { PageCrashes } from "./page_crashes.ts";
import { openProfile } from "./profile_folder.ts";

/** How long requests under way may take to be answered when the agent ends. */
const DRAIN_TIMEOUT_MS = 2_000;

/** What the agent is given beside its instance. */
export interface AgentParts {
  readonly logs: LogQueue;
  /** Starts the process of a script. */
  readonly scriptCommand: readonly string[];
}

/** What answers requests once its code is loaded. */
interface HttpApp {
  fetch(request: Request): Response | Promise<Response>;
}

/**
 * Runs until the signal is aborted; then Chrome has ended, its folder is removed, the port is free
 * and the daemon has what was written.
 *
 * @throws when Chrome cannot be kept running or the daemon does not take the announce
 */
export async function runAgent(
  instance: Instance,
  system: Host,
  { logs, scriptCommand }: AgentParts,
  signal: AbortSignal,
): Promise<void> {
  const host = { ...system, env: { ...system.env, ...instance.environment } };
  const startedMs = host.clock.monotonicMs();
  await using stack = new AsyncDisposableStack();
  const daemon = daemonLink(instance, host);
  stack.use(sendLogs(logs, instance.vm_id, daemon, host));
  const onOutput = (line: string) => logs.add("browser", line);
  const profile = stack.use(await openProfile(instance.chrome, host));
  const { settings, env } = await surround(instance.chrome, profile.path, host, stack, signal);
  const launch = () => launchChrome(settings, profile.path, { ...host, env }, onOutput);
  const chrome = stack.use(await adoptChrome(instance.chrome, host, onOutput) ?? await launch());

  const downloads = stack.use(new Downloads(host));
  const crashes = new PageCrashes(instance.vm_id, daemon, host, signal);
  const { viewport } = instance.chrome;
  const parts = { downloads, viewport, onPageCrash: crashes.report };
  const browser = new SupervisedBrowser(host, launch, parts);
  let app: Promise<HttpApp> | null = null;
  const loadApp = () =>
    app ??= import("./http_app.ts").then(({ agentApp }) =>
      agentApp({ instance, host, browser, startedMs, scriptCommand, signal })
    );
  const server = await host.net.serve(
    "agent:listen",
    instance.listen,
    async (request) => (await loadApp()).fetch(request),
  );
  stack.defer(async () => {
    using deadline = new Deadline(host.clock, "stop serving", DRAIN_TIMEOUT_MS);
    await deadline.race("requests under way", server.shutdown()).catch(() => {});
  });

  await browser.run(chrome, async ({ browserVersion }, life) => {
    const facts = {
      vm_id: instance.vm_id,
      agent_version: VERSION,
      browser_version: browserVersion,
      port: server.port,
      browser_restarts: browser.restarts,
      ...browser.lastEnd === null ? {} : { browser_ended: browser.lastEnd },
      ready_ms: Math.round(host.clock.monotonicMs() - startedMs),
    };
    await announce(daemon, host, facts, life);
    host.log("info", "Ready", { ...facts });
    await loadApp();
  }, signal);
}

/** Makes what this VM's Chrome needs around it, and changes its settings and variables to that. */
async function surround(
  settings: Instance["chrome"],
  profile: string,
  host: Host,
  stack: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<{ settings: Instance["chrome"]; env: Host["env"] }> {
  const { ca_certificates: certificates, proxy, args } = settings;
  if (!needsPreparedChrome(settings)) return { settings, env: host.env };
  const { makeTrustedHome } = await import("./trusted_home.ts");
  const home = certificates === undefined ? {} : {
    HOME: await makeTrustedHome(profile, certificates, host),
  };
  const env = { ...host.env, ...home };
  if (proxy === undefined) return { settings, env };
  const { openProxyDoor } = await import("./proxy_door.ts");
  const door = await openProxyDoor(proxy, host, signal);
  stack.defer(() => door.close());
  // Of a flag that stands twice Chrome takes the last.
  return { settings: { ...settings, args: [...args, `--proxy-server=${door.url}`] }, env };
}
