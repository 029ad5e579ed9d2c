/** The fleet over what it stands on, with what an earlier daemon left taken over. */
import type { Host } from "../host/host.ts";
import type { Config } from "./config.ts";
import type { EventBus } from "./events/bus.ts";
import type { Ground } from "./ground.ts";
import { parseSubnet } from "./network/subnet.ts";
import { watchNetwork } from "./network_watch.ts";
import type { State } from "./state.ts";
import { IdempotencyRows } from "./store/idempotency_rows.ts";
import { Fleet } from "./vms/fleet.ts";
import type { VmProfiles } from "./vms/vm_profiles.ts";

/** What a fleet is opened over. */
export interface FleetNeeds {
  readonly ground: Ground;
  readonly state: State;
  readonly bus: EventBus;
  readonly profiles: VmProfiles;
  /** Where guests reach the daemon; known once its listener stands. */
  readonly guestUrl: () => string;
  /** Told how many things were put back that others took from the network. */
  readonly onRepaired: (count: number) => void;
}

/** A fleet that knows where every VM really stands; disposing it keeps or stops them. */
export interface OpenFleet extends AsyncDisposable {
  readonly fleet: Fleet;
}

export async function openFleet(
  config: Config,
  host: Host,
  needs: FleetNeeds,
): Promise<OpenFleet> {
  await using parts = new AsyncDisposableStack();
  const fleet = buildFleet(config, host, needs);
  parts.defer(() => fleet.close());
  await fleet.recover();
  const { ground: { network }, onRepaired } = needs;
  if (network !== null) parts.use(await watchNetwork(host, network, fleet, onRepaired));
  const opened = parts.move();
  return { fleet, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

function buildFleet(config: Config, host: Host, needs: FleetNeeds): Fleet {
  const { ground, bus, profiles, state: { db, rows, leases } } = needs;
  const { choice: { runtime, availability }, runtimes, cgroups, network, resolvers } = ground;
  const { runtimeDir, logDir, imageDir, bootTimeoutMs, hostIp, onShutdown } = config;
  const footprint = { host, runtime, runtimes, taps: network, cgroups, runtimeDir, logDir };
  const idempotency = new IdempotencyRows(db);
  return new Fleet({ host, bus, rows, leases, idempotency, profiles, footprint }, {
    db,
    accel: availability.accel,
    network: network && { subnet: parseSubnet(config.subnet), hostIp, resolvers },
    imageDir,
    capacity: ground.capacity,
    sizeMax: { cpuCores: config.maxCpuCores, memoryMb: config.maxMemoryMb },
    defaults: {
      cpuCores: config.defaultCpuCores,
      memoryMb: config.defaultMemoryMb,
      egress: config.defaultEgress,
    },
    firstUid: host.isRoot ? config.firstUid : null,
    bootTimeoutMs,
    onShutdown,
    daemonUrl: needs.guestUrl,
  });
}
