/** The daemon in a test's own process, over a host that the test may tamper with. */
import { type ViperClient, viperClient } from "../../cli/client.ts";
import { denoHost } from "../../host/deno_host.ts";
import type { Host, Log } from "../../host/host.ts";
import { type ConfigFlags, readConfig } from "../../server/config.ts";
import { type Daemon, openDaemon } from "../../server/main.ts";
import type { Runtime } from "../../server/runtimes/runtime.ts";
import { IMAGE_DIR } from "../daemon_process.ts";

/** What a test changes of the daemon. */
export interface OpenOptions {
  readonly host?: Host;
  readonly flags?: ConfigFlags;
  readonly runtimes?: readonly Runtime[];
  readonly agentCommand?: readonly string[];
}

/** A daemon that listens, and its client. */
export interface OpenedDaemon extends Daemon {
  readonly client: ViperClient;
  readonly apiKey: string;
}

/** Settings of a daemon whose state is all in that folder; its VMs end with it. */
export function flagsFor(stateDir: string): ConfigFlags {
  return {
    ...{ listen: "127.0.0.1:0", db: `${stateDir}/state.db` },
    ...{ runtimeDir: `${stateDir}/run`, logDir: `${stateDir}/logs`, imageDir: IMAGE_DIR },
    ...{ runtime: "qemu", onShutdown: "stop" },
  };
}

/** Opens the daemon, with QEMU unless told otherwise. */
export async function openTestDaemon(
  stateDir: string,
  { host = quietHost(), flags = {}, agentCommand = [], ...options }: OpenOptions = {},
): Promise<OpenedDaemon> {
  const config = readConfig({ ...flagsFor(stateDir), ...flags }, {});
  const daemon = await openDaemon(config, host, { agentCommand, ...options });
  const apiKey = Deno.readTextFileSync(`${stateDir}/admin.key`).trim();
  const client = viperClient(quietHost(), daemon.url, { apiKey });
  return { ...daemon, client, apiKey };
}

/** The real host, whose log goes nowhere unless said otherwise. */
export function quietHost(log: Log = () => {}): Host {
  return denoHost({ log });
}
