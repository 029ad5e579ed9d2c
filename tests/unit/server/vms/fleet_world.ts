/** A fleet over a real database and real files in a temporary folder, and a stand-in runtime. */
import { setImmediate } from "node:timers";
import { denoHost } from "../../../../host/deno_host.ts";
import type { Host } from "../../../../host/host.ts";
import type { Subnet } from "../../../../server/network/subnet.ts";
import { parseSubnet } from "../../../../server/network/subnet.ts";
import { EventBus } from "../../../../server/events/bus.ts";
import { VmLogs } from "../../../../server/logs/vm_logs.ts";
import { KeyFile } from "../../../../server/profiles/key_file.ts";
import { Profiles } from "../../../../server/profiles/profiles.ts";
import { Database } from "../../../../server/store/database.ts";
import { IdempotencyRows } from "../../../../server/store/idempotency_rows.ts";
import { LeaseRows } from "../../../../server/store/lease_rows.ts";
import { VmRows } from "../../../../server/store/vm_rows.ts";
import { Fleet, type FleetOptions } from "../../../../server/vms/fleet.ts";
import type { InputOf } from "../../../../protocol/operation.ts";
import { vmsCreate } from "../../../../protocol/vm_operations.ts";
import { FakeClock } from "../../../fake_clock.ts";
import { mortalParts } from "./mortal_daemon.ts";
import { StandInProfiles } from "./stand_in_profiles.ts";
import { StandInRuntime } from "./stand_in_runtime.ts";

/** Time goes by in such steps. */
const STEP_MS = 1_000;

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
  readonly profiles: StandInProfiles;
  readonly taps: Set<string>;
  /** Ids of VMs whose machines the kernel ends for want of memory. */
  readonly starved: Set<string>;
  readonly logged: string[];
  /** Of the daemon that lives. */
  readonly fleet: Fleet;
  readonly egress: Map<string, unknown>;
  /** The daemon dies at once, and another over the same state is about to recover it. */
  reopen(): Fleet;
  /** The daemon ends, in that way, and another takes over. */
  restart(how: "keep" | "stop" | "crash"): Promise<void>;
  /** Lets time go by in small steps, so that what falls due is done at its time. */
  pass(ms: number): Promise<void>;
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
  const profiles = new StandInProfiles(
    new Profiles({ db, vms: rows, keyFile: new KeyFile(`${folder}/profiles.key`, host), host }),
    host,
  );
  const bus = new EventBus(db, clock.now);
  const logs = new VmLogs({ host, bus, logDir: `${folder}/logs` });
  const runtime = new StandInRuntime();
  const taps = new Set<string>();
  const starved = new Set<string>();
  const egress = new Map<string, unknown>();
  const place = {
    cgroups: {
      create: () => Promise.resolve("/no/cgroup"),
      remove: () => Promise.resolve(),
      owners: () => Promise.resolve([]),
      wasStarved: (id: string) => Promise.resolve(starved.has(id)),
    },
    taps: {
      createTap: (id: string, plan: { egress: unknown }) => {
        if (taps.has(id)) return Promise.reject(new Error("the tap is there already"));
        egress.set(id, plan.egress);
        return Promise.resolve({ name: taps.add(id) && `tap-${taps.size}` });
      },
      setEgress: (id: string, wanted: unknown) =>
        taps.has(id)
          ? Promise.resolve(void egress.set(id, wanted))
          : Promise.reject(new Error("there is no tap")),
      removeTap: (id: string) => Promise.resolve(void taps.delete(id)),
      tapOwners: () => Promise.resolve([...taps]),
    },
    runtimeDir: `${folder}/run`,
    logDir: `${folder}/logs`,
  };
  const fleetOptions = {
    db,
    accel: "none" as const,
    network: { subnet, hostIp: "10.9.0.1", resolvers: [] },
    imageDir: `${folder}/image`,
    capacity: { vms: vmLimit, cpuCores: 10_000, memoryMb: 10_000_000 },
    sizeMax: { cpuCores: 64, memoryMb: 262_144 },
    defaults: { cpuCores: 2, memoryMb: 2_048, egress: "internet" as const },
    firstUid: null,
    onShutdown: "stop" as FleetOptions["onShutdown"],
    bootTimeoutMs: BOOT_TIMEOUT_MS,
    daemonUrl: () => "http://10.9.0.1:7778",
    ...options,
  };
  const open = () => {
    const { die, ...own } = mortalParts(host, runtime);
    const footprint = { ...place, ...own, runtimes: [own.runtime] };
    const parts = { host: own.host, bus, rows, leases, idempotency, profiles, footprint };
    return { die, fleet: new Fleet(parts, fleetOptions) };
  };
  let daemon = open();
  const reopen = () => {
    daemon.die();
    daemon = open();
    return daemon.fleet;
  };
  const close = async (how: FleetOptions["onShutdown"]) => {
    const usual = fleetOptions.onShutdown;
    fleetOptions.onShutdown = how;
    await daemon.fleet.close();
    fleetOptions.onShutdown = usual;
  };
  return {
    ...{
      folder,
      host,
      clock,
      db,
      rows,
      leases,
      bus,
      logs,
      runtime,
      taps,
      starved,
      egress,
      logged,
      profiles,
    },
    reopen,
    get fleet() {
      return daemon.fleet;
    },
    restart: async (how) => {
      if (how !== "crash") await close(how);
      await reopen().recover();
    },
    pass: async (ms) => {
      for (let left = ms; left > 0; left -= STEP_MS) {
        await clock.advance(Math.min(left, STEP_MS));
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    create: (name, change = {}, idempotencyKey) =>
      daemon.fleet.create(vmsCreate.input.parse({ name, ...change }), {
        ...ANYONE,
        idempotencyKey: idempotencyKey ?? null,
      }),
    announce: (name) =>
      daemon.fleet.announce(rows.byName(name)?.id ?? "none", {
        url: "http://127.0.0.1:9",
        browserRestarts: 0,
      }),
    events: (name) =>
      db.all<{ type: string; body: string }>("SELECT type, body FROM events ORDER BY seq")
        .filter(({ body }) => name === undefined || JSON.parse(body).name === name)
        .map(({ type }) => type),
    [Symbol.asyncDispose]: async () => {
      await close(fleetOptions.onShutdown);
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
