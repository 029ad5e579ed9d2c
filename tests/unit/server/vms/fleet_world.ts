/** A fleet over a real database and real files in a temporary folder, and a stand-in runtime. */
import { denoHost } from "../../../../host/deno_host.ts";
import type { Host } from "../../../../host/host.ts";
import type { Subnet } from "../../../../server/network/subnet.ts";
import { parseSubnet } from "../../../../server/network/subnet.ts";
import { EventBus } from "../../../../server/events/bus.ts";
import { VmLogs } from "../../../../server/logs/vm_logs.ts";
import { Database } from "../../../../server/store/database.ts";
import { IdempotencyRows } from "../../../../server/store/idempotency_rows.ts";
import { LeaseRows } from "../../../../server/store/lease_rows.ts";
import { VmRows } from "../../../../server/store/vm_rows.ts";
import { Fleet, type FleetOptions } from "../../../../server/vms/fleet.ts";
import type { InputOf } from "../../../../protocol/operation.ts";
import { vmsCreate } from "../../../../protocol/vm_operations.ts";
import { FakeClock } from "../../../fake_clock.ts";
import { StandInRuntime } from "./stand_in_runtime.ts";

/** The daemon's own time limit, in the tests. */
export const BOOT_TIMEOUT_MS = 30_000;

/** Everything a test of the fleet looks at. */
export interface FleetWorld extends AsyncDisposable {
  readonly folder: string;
  readonly host: Host;
  readonly clock: FakeClock;
  readonly db: Database;
  readonly rows: VmRows;
  readonly leases: LeaseRows;
  readonly bus: EventBus;
  readonly logs: VmLogs;
  readonly runtime: StandInRuntime;
  readonly taps: Set<string>;
  readonly logged: string[];
  readonly fleet: Fleet;
  readonly egress: Map<string, unknown>;
  /** Another daemon over the same state. */
  reopen(): Fleet;
  create(name: string, change?: Partial<Input>, key?: string): ReturnType<Fleet["create"]>;
  announce(name: string): Promise<void>;
  /** Types of all events, in order, those of one VM when a name is given. */
  events(name?: string): string[];
}

type Input = InputOf<typeof vmsCreate>;

/** A caller who names no request and never goes away. */
export const ANYONE = {
  caller: "anyone",
  idempotencyKey: null,
  signal: new AbortController().signal,
};

/** What a test changes of the fleet. */
export type WorldOptions = Partial<FleetOptions> & { subnet?: Subnet; vmLimit?: number };

export async function fleetWorld(change: WorldOptions = {}): Promise<FleetWorld> {
  const { subnet = parseSubnet("10.9.0.0/24"), vmLimit = 10, ...options } = change;
  const folder = await Deno.makeTempDir({ prefix: "viper-fleet-" });
  const clock = new FakeClock();
  const logged: string[] = [];
  const host = { ...denoHost({ log: (level, text) => logged.push(`${level} ${text}`) }), clock };
  const db = Database.open(`${folder}/state.db`);
  const rows = new VmRows(db);
  const leases = new LeaseRows(db);
  const idempotency = new IdempotencyRows(db);
  const bus = new EventBus(db, clock.now);
  const logs = new VmLogs({ host, bus, logDir: `${folder}/logs` });
  const runtime = new StandInRuntime();
  const taps = new Set<string>();
  const egress = new Map<string, unknown>();
  const footprint = {
    host,
    runtime,
    runtimes: [runtime],
    cgroups: null,
    taps: {
      createTap: (id: string, plan: { egress: unknown }) => {
        egress.set(id, plan.egress);
        return Promise.resolve({ name: taps.add(id) && `tap-${taps.size}` });
      },
      setEgress: (id: string, wanted: unknown) => Promise.resolve(void egress.set(id, wanted)),
      removeTap: (id: string) => Promise.resolve(void taps.delete(id)),
      tapOwners: () => Promise.resolve([...taps]),
    },
    runtimeDir: `${folder}/run`,
    logDir: `${folder}/logs`,
  };
  const reopen = () =>
    new Fleet({ host, bus, rows, leases, idempotency, footprint }, {
      db,
      accel: "none",
      network: { subnet, hostIp: "10.9.0.1", resolvers: [] },
      imageDir: `${folder}/image`,
      capacity: { vms: vmLimit, cpuCores: 10_000, memoryMb: 10_000_000 },
      sizeMax: { cpuCores: 64, memoryMb: 262_144 },
      defaults: { cpuCores: 2, memoryMb: 2_048, egress: "internet" },
      firstUid: null,
      onShutdown: "stop",
      bootTimeoutMs: BOOT_TIMEOUT_MS,
      daemonUrl: () => "http://10.9.0.1:7778",
      ...options,
    });
  const fleet = reopen();
  return {
    ...{ folder, host, clock, db, rows, leases, bus, logs, runtime, taps, egress, logged },
    ...{ fleet, reopen },
    create: (name, change = {}, idempotencyKey) =>
      fleet.create(vmsCreate.input.parse({ name, ...change }), {
        ...ANYONE,
        idempotencyKey: idempotencyKey ?? null,
      }),
    announce: (name) =>
      fleet.announce(rows.byName(name)?.id ?? "none", {
        url: "http://127.0.0.1:9",
        browserRestarts: 0,
      }),
    events: (name) =>
      db.all<{ type: string; body: string }>("SELECT type, body FROM events ORDER BY seq")
        .filter(({ body }) => name === undefined || JSON.parse(body).name === name)
        .map(({ type }) => type),
    [Symbol.asyncDispose]: async () => {
      await fleet.close();
      await logs[Symbol.asyncDispose]();
      db[Symbol.dispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Names in a folder; none when it is absent. */
export function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
