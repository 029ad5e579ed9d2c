/**
 * Random sequences of requests, machines' ends and daemons' ends, against the model in
 * fleet_model.ts. After each step every VM stands where the model says, was told of as the model
 * says, and has a machine, a tap, a lease and a folder exactly if it should. A failure prints the
 * seed that repeats it.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { until } from "../../../until.ts";
import { FleetModel } from "./fleet_model.ts";
import { type FleetWorld, fleetWorld, namesIn } from "./fleet_world.ts";

const NAMES = ["a", "b"] as const;
const name = fc.constantFrom(...NAMES);
/** A hung machine is found out within this, whenever it began to hang. */
const HUNG_MS = 50_000;

type Step =
  | { readonly do: "create"; name: string; onCrash: boolean; ttlMs: number | null; fails: boolean }
  | { readonly do: "start" | "restart"; name: string; fails: boolean }
  | { readonly do: "stop" | "pause" | "resume" | "delete" | "announce"; name: string }
  | { readonly do: "exit" | "hang"; name: string }
  | { readonly do: "pass"; ms: number }
  | { readonly do: "daemon"; how: "keep" | "stop" | "crash" };

const fails = fc.nat(3).map((chance) => chance === 0);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("create" as const),
      name,
      onCrash: fc.boolean(),
      ttlMs: fc.constantFrom(null, null, null, 40_000),
      fails,
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("announce" as const), name }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("start" as const, "restart" as const),
      name,
      fails,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom("stop" as const, "pause" as const, "resume" as const, "delete" as const),
      name,
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("exit" as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("hang" as const), name }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("pass" as const),
      ms: fc.constantFrom(1_000, 2_000, 4_000, 29_000, 31_000, 601_000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("daemon" as const),
      how: fc.constantFrom("keep" as const, "stop" as const, "crash" as const),
    }),
  },
);

/** The whole of what can be seen, as the world has it … */
function seen({ rows, leases, taps, folder, runtime, events }: FleetWorld): unknown {
  const all = rows.all();
  const nameOf = (id: string) => all.find((row) => row.id === id)?.name ?? `nobody's ${id}`;
  const addresses = leases.addresses();
  return {
    vms: Object.fromEntries(all.map((row) => [row.name, {
      status: row.status,
      restarts: row.restarts,
      hasLease: row.ip_address !== null,
      hasProcess: row.pid !== null,
    }])),
    addresses: new Set(addresses).size,
    machines: runtime.running.map(({ spec, state }) => `${nameOf(spec.id)} ${state}`).sort(),
    taps: [...taps].map(nameOf).sort(),
    folders: namesIn(`${folder}/run`).map(nameOf).sort(),
    told: NAMES.map((name) => events(name).join(" ")),
  };
}

/** … and as the model says. */
function expected(model: FleetModel): unknown {
  const all = [...model.vms].toSorted();
  const live = all.filter(([, { status }]) => status !== "stopped" && status !== "crashed");
  const names = live.map(([name]) => name);
  return {
    vms: Object.fromEntries(all.map(([name, { status, restarts, hasLease }]) => [name, {
      ...{ status, restarts, hasLease },
      hasProcess: names.includes(name),
    }])),
    addresses: all.filter(([, { hasLease }]) => hasLease).length,
    machines: live.map(([name, { status }]) =>
      `${name} ${status === "paused" ? "paused" : "running"}`
    ),
    taps: names,
    folders: names,
    told: NAMES.map((name) => (model.told.get(name) ?? []).join(" ")),
  };
}

/** A world and its model, which do the same. */
class Pair {
  readonly model = new FleetModel();

  constructor(readonly world: FleetWorld) {}

  async take(step: Step): Promise<void> {
    const { world, model } = this;
    world.runtime.bootFailure = "fails" in step && step.fails ? new Error("no luck") : null;
    switch (step.do) {
      case "pass":
        return await this.pass(step.ms);
      case "daemon":
        await world.restart(step.how);
        model.daemon(step.how);
        break;
      case "exit":
        this.#machine(step.name)?.exit();
        model.exit(step.name);
        break;
      case "hang":
        return await this.#hang(step.name);
      default:
        assert.equal(await this.#ask(step), this.#askModel(step), JSON.stringify(step));
    }
    await this.match();
  }

  /** From one thing that happens by itself to the next. */
  async pass(ms: number): Promise<void> {
    const { world, model } = this;
    const untilMs = model.nowMs + ms;
    for (let due = model.nextDue(untilMs); due !== null; due = model.nextDue(untilMs)) {
      await world.pass(due - model.nowMs);
      model.passTo(due);
      await this.match();
    }
    await world.pass(untilMs - model.nowMs);
    model.passTo(untilMs);
    await this.match();
  }

  async match(): Promise<void> {
    const wanted = expected(this.model);
    const isThere = () => isEqual(seen(this.world), wanted);
    await until("the model", isThere, 10_000).catch(() => {});
    assert.deepEqual(seen(this.world), wanted);
  }

  /** A machine that hangs is like one that ends, only later; what restarts by itself is left out. */
  async #hang(name: string): Promise<void> {
    const { world, model } = this;
    const vm = model.vms.get(name);
    const machine = this.#machine(name);
    if (vm === undefined || machine === undefined || vm.restartsOnCrash) return;
    if (model.nextDue(model.nowMs + HUNG_MS) !== null) return;
    machine.hang = new Promise(() => {});
    await world.pass(HUNG_MS);
    model.passTo(model.nowMs + HUNG_MS);
    model.exit(name);
    await this.match();
  }

  #machine(name: string) {
    const id = this.world.rows.byName(name)?.id;
    return this.world.runtime.running.find(({ spec }) => spec.id === id);
  }

  #ask(step: Step): Promise<string | null> {
    const { fleet } = this.world;
    const asked = async (): Promise<unknown> => {
      switch (step.do) {
        case "create":
          return await this.world.create(step.name, {
            restart_policy: step.onCrash ? "on_crash" : "never",
            ...(step.ttlMs === null ? {} : { ttl_ms: step.ttlMs }),
          });
        case "start":
          return await fleet.start(step.name);
        case "restart":
          return await fleet.restart(step.name, 0);
        case "stop":
          return await fleet.stop(step.name, 0);
        case "pause":
          return await fleet.pause(step.name);
        case "resume":
          return await fleet.resume(step.name);
        case "delete":
          return await fleet.delete(step.name);
        case "announce":
          return await this.world.announce(step.name);
        default:
          throw new Error(`Cannot ask for "${step.do}"`);
      }
    };
    return Promise.try(asked).then(() => null, ({ code }) => code);
  }

  #askModel(step: Step): string | null {
    const { model } = this;
    switch (step.do) {
      case "create":
        return model.create(step.name, step);
      case "start":
      case "restart":
        return model[step.do](step.name, step.fails);
      case "stop":
      case "pause":
      case "resume":
      case "delete":
      case "announce":
        return model[step.do](step.name);
      default:
        throw new Error(`Cannot ask for "${step.do}"`);
    }
  }
}

function isEqual(one: unknown, other: unknown): boolean {
  try {
    assert.deepEqual(one, other);
    return true;
  } catch {
    return false;
  }
}

Deno.test("a fleet does what its model says, in any sequence of what can happen", async () => {
  const sequence = fc.array(step, { minLength: 15, maxLength: 40, size: "max" });
  const property = fc.asyncProperty(sequence, async (steps) => {
    await using world = await fleetWorld();
    const pair = new Pair(world);
    for (const step of steps) await pair.take(step);
    for (const name of pair.model.vms.keys()) await world.fleet.delete(name);
    assert.deepEqual(world.leases.addresses(), []);
    assert.deepEqual([...world.taps], []);
    assert.deepEqual(world.runtime.running, []);
    assert.deepEqual(namesIn(`${world.folder}/run`), []);
    assert.equal(world.clock.pending, 0, "a timer has survived");
    assert.deepEqual(world.logged.filter((line) => /left something|not recovered/.test(line)), []);
  });
  await fc.assert(property, { numRuns: 50, endOnFailure: false, interruptAfterTimeLimit: 60_000 });
});
