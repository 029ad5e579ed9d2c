/**
 * VMs with profiles: when a browser gets one and when it is read, who may write, and what becomes of
 * that when things fail. Machines and browsers are stand-ins; profiles are rows of a real database.
 */
import assert from "node:assert/strict";
import { until } from "../../../until.ts";
import { BOOT_TIMEOUT_MS, type FleetWorld, fleetWorld } from "./fleet_world.ts";

const WRITER = { name: "work", mode: "write_back" } as const;
const READER = { name: "work", mode: "read_only" } as const;

async function withProfile(body: (world: FleetWorld) => Promise<void>): Promise<void> {
  await using world = await fleetWorld();
  await world.profiles.add("work");
  await body(world);
}

const reach = (world: FleetWorld, status: string, name = "one") =>
  until(`VM "${name}" is ${status}`, () => world.fleet.get(name).status === status);

async function running(world: FleetWorld, name: string, profile: typeof WRITER | typeof READER) {
  await world.create(name, { profile });
  await world.announce(name);
  await reach(world, "running", name);
}

Deno.test("Fleet.announce() lets nobody at a browser that has not got its profile", () =>
  withProfile(async (world) => {
    const gate = Promise.withResolvers<void>();
    world.profiles.gate = gate.promise;
    await world.create("one", { profile: READER });
    await world.announce("one");
    await world.announce("one");
    assert.equal(world.fleet.get("one").status, "starting");
    assert.throws(() => world.fleet.agent("one"), { code: "vm_not_running" });
    gate.resolve();
    await reach(world, "running");
    assert.equal(world.fleet.agent("one").url, "http://127.0.0.1:9");
    assert.deepEqual(
      world.profiles.done,
      ["attach work"],
      "one that is under way is not begun anew",
    );
    assert.deepEqual(world.fleet.get("one").profile, READER);
    assert.deepEqual(world.events("one"), ["VM_CREATED", "VM_STARTING", "VM_RUNNING"]);
  }));

Deno.test("Fleet.announce() in time is in time, however long the profile takes", () =>
  withProfile(async (world) => {
    const gate = Promise.withResolvers<void>();
    world.profiles.gate = gate.promise;
    await world.create("one", { profile: READER });
    await world.announce("one");
    await world.pass(BOOT_TIMEOUT_MS + 1_000);
    gate.resolve();
    await reach(world, "running");
    assert.deepEqual(world.events("one"), ["VM_CREATED", "VM_STARTING", "VM_RUNNING"]);
  }));

Deno.test("Fleet.announce() marks a VM crashed that cannot have its profile", () =>
  withProfile(async (world) => {
    world.profiles.attachFailure = new Error("the key is gone");
    await world.create("one", { profile: WRITER });
    await world.announce("one");
    await reach(world, "crashed");
    const { reason } = world.fleet.get("one");
    assert.equal(reason, "its profile was not attached: the key is gone");
    assert.deepEqual(world.runtime.running, [], "its machine has ended");
    world.profiles.attachFailure = null;
    await world.fleet.start("one");
    await world.announce("one");
    await reach(world, "running");
  }));

Deno.test("Fleet.delete() does not wait for a profile on its way", () =>
  withProfile(async (world) => {
    world.profiles.gate = new Promise(() => {});
    await world.create("one", { profile: WRITER });
    await world.announce("one");
    await world.fleet.delete("one");
    assert.deepEqual(world.rows.all(), []);
    assert.deepEqual(world.profiles.done, [], "what was never there is not saved");
  }));

Deno.test("Fleet.recover() gives a browser its profile that the daemon before did not", () =>
  withProfile(async (world) => {
    world.profiles.gate = new Promise(() => {});
    await world.create("one", { profile: WRITER });
    await world.announce("one");
    world.profiles.gate = Promise.resolve();
    await world.restart("crash");
    await reach(world, "running");
    assert.deepEqual(world.profiles.done, ["attach work"]);
    await assert.rejects(world.create("two", { profile: WRITER }), { code: "profile_in_use" });
  }));

/** What ends a VM, and what is done then for one that writes. */
const ENDS: readonly [string, (world: FleetWorld) => Promise<unknown>, done: string[]][] = [
  ["a stop", ({ fleet }) => fleet.stop("one", 0), ["save work"]],
  ["a stop with patience", async (world) => {
    const [machine] = world.runtime.running;
    machine!.onPowerButton = () => {
      assert.deepEqual(world.profiles.done, ["attach work", "save work"], "read before the end");
      machine!.exit("guest_poweroff");
    };
    await world.fleet.stop("one", 10_000);
  }, ["save work"]],
  ["a delete", ({ fleet }) => fleet.delete("one"), ["save work"]],
  ["a restart", ({ fleet }) => fleet.restart("one", 0), ["save work"]],
  ["the daemon's end, with its VMs", (world) => world.restart("stop"), ["save work"]],
  ["the daemon's end, which keeps them", (world) => world.restart("keep"), []],
  ["the daemon's death", (world) => world.restart("crash"), []],
  ["a crash", async (world) => {
    world.runtime.running[0]?.exit();
    await reach(world, "crashed");
  }, []],
  ["a stop of a paused VM", async (world) => {
    await world.fleet.pause("one");
    const machine = world.runtime.running[0];
    const gate = Promise.withResolvers<void>();
    world.profiles.gate = gate.promise;
    const stopped = world.fleet.stop("one", 0);
    await until("it goes on", () => machine?.state === "running");
    gate.resolve();
    await stopped;
  }, ["save work"]],
];

for (const [title, end, done] of ENDS) {
  Deno.test(`a profile that a VM writes to, at ${title}: ${done.join() || "is left"}`, () =>
    withProfile(async (world) => {
      await running(world, "one", WRITER);
      await end(world);
      assert.deepEqual(world.profiles.done, ["attach work", ...done]);
    }));
  Deno.test(`a profile that a VM only reads is left at ${title}`, async () => {
    if (title === "a stop with patience" || title === "a stop of a paused VM") return;
    await withProfile(async (world) => {
      await running(world, "one", READER);
      await end(world);
      assert.deepEqual(world.profiles.done, ["attach work"]);
    });
  });
}

Deno.test("Fleet.stop() ends a VM whose profile is not saved, and says so", () =>
  withProfile(async (world) => {
    await running(world, "one", WRITER);
    world.profiles.saveFailure = new Error("no answer");
    await assert.rejects(world.fleet.saveProfile("one"), /no answer/);
    assert.equal(world.fleet.get("one").status, "running");
    const { status, reason } = await world.fleet.stop("one", 0);
    assert.deepEqual([status, reason], ["stopped", "its profile was not saved: no answer"]);
    await world.fleet.start("one");
    assert.equal(world.fleet.get("one").reason, undefined);
  }));

Deno.test("Fleet.saveProfile() saves what a running VM writes, and nothing else", () =>
  withProfile(async (world) => {
    await running(world, "one", WRITER);
    await running(world, "two", READER);
    await world.create("three");
    await world.fleet.saveProfile("one");
    assert.equal(world.profiles.done.at(-1), "save work");
    await assert.rejects(world.fleet.saveProfile("two"), { code: "profile_read_only" });
    await assert.rejects(world.fleet.saveProfile("three"), { code: "profile_read_only" });
    await world.fleet.pause("one");
    await assert.rejects(world.fleet.saveProfile("one"), { code: "vm_not_running" });
  }));

Deno.test("Fleet.create() lets one VM write to a profile, from its creation to its deletion", () =>
  withProfile(async (world) => {
    const racers = ["a", "b", "c"].map((name) => world.create(name, { profile: WRITER }));
    const ends = await Promise.allSettled(racers);
    const [winner] = ends.flatMap((end) => end.status === "fulfilled" ? [end.value.name] : []);
    assert.equal(ends.filter(({ status }) => status === "fulfilled").length, 1);
    const refused = async (how: string) =>
      await assert.rejects(world.create("late", { profile: WRITER }), (error: Error) => {
        assert.deepEqual((error as { code?: string }).code, "profile_in_use", how);
        assert.match(error.message, new RegExp(`VM "${winner}" writes to profile "work"`));
        return true;
      });
    await refused("starting");
    await world.create("reader", { profile: READER });
    await world.fleet.stop(winner!, 0);
    await refused("stopped");
    await world.restart("crash");
    await refused("after the daemon's death");
    assert.throws(() => world.profiles.store.delete("work"), { code: "profile_in_use" });
    await world.fleet.delete(winner!);
    await world.create("late", { profile: WRITER });
    assert.deepEqual(world.profiles.store.get("work").vms, ["reader", "late"]);
  }));

Deno.test("Fleet.create() knows a request that is made again before it asks who writes", () =>
  withProfile(async (world) => {
    const { id } = await world.create("one", { profile: WRITER }, "key");
    assert.equal((await world.create("one", { profile: WRITER }, "key")).id, id);
  }));

Deno.test("Fleet.create() refuses a profile that there is not, and makes nothing", () =>
  withProfile(async (world) => {
    await assert.rejects(world.create("one", { profile: "none" }), { code: "profile_not_found" });
    assert.deepEqual([world.rows.all(), world.events(), [...world.taps]], [[], [], []]);
  }));

Deno.test("Fleet.announce() of a browser that came up anew gives it the profile again", () =>
  withProfile(async (world) => {
    await running(world, "one", WRITER);
    const { id } = world.fleet.get("one");
    await world.fleet.announce(id, { url: "http://127.0.0.1:9", browserRestarts: 1 });
    await until("two attaches", () => world.profiles.done.length === 2);
    assert.deepEqual(world.profiles.done, ["attach work", "attach work"]);
    assert.equal(world.fleet.get("one").status, "running");
  }));
