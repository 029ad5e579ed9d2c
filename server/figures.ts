/** What the daemon's figures are read from when somebody asks for them. */
import type { Host } from "../host/host.ts";
import { VERSION } from "../protocol/version.ts";
import type { Config } from "./config.ts";
import type { EventBus } from "./events/bus.ts";
import type { Ground } from "./ground.ts";
import { fleetFigures } from "./metrics/fleet_figures.ts";
import type { Metrics } from "./metrics/metrics.ts";
import { processFigures } from "./metrics/process_figures.ts";
import { parseSubnet } from "./network/subnet.ts";
import type { State } from "./state.ts";
import { guestAddresses } from "./vms/addresses.ts";
import type { Fleet } from "./vms/fleet.ts";

/** Adds every source of figures to the metrics. */
export function addFigures(
  metrics: Metrics,
  config: Config,
  host: Host,
  { fleet, bus, ground: { capacity, choice, network }, state }: {
    readonly fleet: Fleet;
    readonly bus: EventBus;
    readonly ground: Ground;
    readonly state: State;
  },
): void {
  metrics.addSource(processFigures(host));
  metrics.addSource(fleetFigures({
    ...{ host, rows: state.rows, leases: state.leases, capacity, dbPath: config.dbPath },
    addresses: network === null ? null : guestAddresses(parseSubnet(config.subnet)),
    waiting: () => fleet.waiting,
    subscribers: () => bus.subscribers,
  }));
  const labels = { version: VERSION, runtime: choice.runtime.name };
  metrics.addSource(() => [{ name: "viper_build_info", labels, value: 1 }]);
}
