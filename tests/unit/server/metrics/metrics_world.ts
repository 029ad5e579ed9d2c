/** A fleet with stand-in machines, and the daemon's figures about it. */
import { fleetFigures } from "../../../../server/metrics/fleet_figures.ts";
import { Metrics } from "../../../../server/metrics/metrics.ts";
import { VmLives } from "../../../../server/metrics/vm_lives.ts";
import { readPrometheusText, seriesOf, valueOf } from "../../../prometheus_text.ts";
import { type FleetWorld, fleetWorld, type WorldOptions } from "../vms/fleet_world.ts";

/** Addresses that the world's guests may have. */
export const ADDRESSES = 253;

/** A fleet and its figures. */
export interface MetricsWorld extends AsyncDisposable {
  readonly world: FleetWorld;
  readonly metrics: Metrics;
  readonly lives: VmLives;
  /** Values now of the named samples, such as `a_total{b="c"}`. */
  values(...keys: string[]): Promise<number[]>;
  /** All series there are. */
  series(): Promise<string[]>;
}

export async function metricsWorld(options: WorldOptions = {}): Promise<MetricsWorld> {
  const world = await fleetWorld(options);
  const metrics = new Metrics(null);
  const lives = new VmLives(metrics, world.host);
  world.bus.listen((event) => lives.take(event));
  metrics.addSource(fleetFigures({
    ...{ host: world.host, rows: world.rows, leases: world.leases },
    capacity: { vms: 10, cpuCores: 16, memoryMb: 4_096 },
    addresses: ADDRESSES,
    dbPath: `${world.folder}/state.db`,
    waiting: () => world.fleet.waiting,
    subscribers: () => world.bus.subscribers,
  }));
  const read = async () => readPrometheusText(await metrics.text());
  return {
    ...{ world, metrics, lives },
    values: async (...keys) => {
      const families = await read();
      return keys.map((key) => valueOf(families, key));
    },
    series: async () => seriesOf(await read()),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}
