/**
 * What VMs stand on: a runtime that this host can run, and for one that isolates its guests their
 * network and cgroups.
 *
 * @module
 */
import type { Host } from "../host/host.ts";
import type { Config } from "./config.ts";
import { readHostSize } from "./host_size.ts";
import { type Network, openNetwork } from "./network/network.ts";
import { hostResolvers } from "./network/resolvers.ts";
import { chooseRuntime, type RuntimeChoice } from "./runtimes/registry.ts";
import type { Runtime } from "./runtimes/runtime.ts";
import { type Capacity, capacityOf } from "./vms/capacity.ts";
import { type Cgroups, openCgroups } from "./vms/cgroups.ts";

/** How long an address of this very machine may take to refuse a connection. */
const PROBE_TIMEOUT_MS = 1_000;

/** What VMs stand on; disposing it leaves what VMs that live on need. */
export interface Ground extends AsyncDisposable {
  readonly choice: RuntimeChoice;
  /** All that may adopt machines of an earlier daemon. */
  readonly runtimes: readonly Runtime[];
  /** `null` for a runtime that has no network of ours. */
  readonly network: Network | null;
  /** Name servers that guests ask. */
  readonly resolvers: readonly string[];
  /** `null` where the host has none of version 2. */
  readonly cgroups: Cgroups | null;
  readonly capacity: Capacity;
}

/**
 * @param name of this daemon, unlike any other on this host
 * @throws {ViperError} `runtime_unavailable`
 */
export async function openGround(
  config: Config,
  host: Host,
  runtimes: readonly Runtime[],
  name: string,
): Promise<Ground> {
  await using parts = new AsyncDisposableStack();
  const choice = await chooseRuntime(runtimes, config.runtime);
  const { runtime: { traits }, availability } = choice;
  if (availability.warning) host.log("warn", availability.warning, {});
  const resolvers = traits.network ? await hostResolvers(host) : [];
  const network = traits.network
    ? parts.use(await openNetworkAlone(config, host, resolvers))
    : null;
  const cgroups = traits.image ? parts.use(await openCgroups(host, name)) : null;
  const capacity = capacityOf(config, await readHostSize(host));
  const opened = parts.move();
  return {
    ...{ choice, runtimes, network, resolvers, cgroups, capacity },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** Opens the network, unless another daemon serves guests on it: its VMs would be swept. */
async function openNetworkAlone(
  config: Config,
  host: Host,
  resolvers: readonly string[],
): Promise<Network> {
  const { hostIp: hostname, guestPort: port, bridge, subnet } = config;
  if (port === 0) {
    throw new TypeError(
      "Cannot open the network for guest port 0: name one that guests may reach (--guest-port)",
    );
  }
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
