/** What happens to a VM that nobody asked for: restarts, ends of its time, a machine that hangs. */
import assert from "node:assert/strict";
import { until } from "../../../until.ts";
import { type FleetWorld, fleetWorld } from "./fleet_world.ts";

/** The machine that was made last. */
function newest({ runtime }: FleetWorld) {
  return runtime.machines.at(-1) ?? assert.fail("no machine was made");
}

async function crash(world: FleetWorld, name = "one"): Promise<void> {
  newest(world).exit();
  await until("the crash", () => world.fleet.get(name).status === "crashed");
}

const starts = (world: FleetWorld) =>
  world.events("one").filter((type) => type === "VM_STARTING").length;

Deno.test("on_crash restarts five times, after pauses that double, and then gives up", async () => {
  await using world = await fleetWorld();
  await world.create("one", { restart_policy: "on_crash" });
  for (const [at, pauseMs] of [1_000, 2_000, 4_000, 8_000, 16_000].entries()) {
    await crash(world);
    await world.pass(pauseMs - 1);
    assert.equal(world.fleet.get("one").status, "crashed");
    await world.pass(1);
    await until("the restart", () => world.fleet.get("one").status === "starting");
    assert.equal(world.fleet.get("one").restarts, at + 1);
    assert.equal(starts(world), at + 2);
  }
  await crash(world);
  await world.pass(3_600_000);
  assert.equal(world.fleet.get("one").status, "crashed");
  assert.equal(starts(world), 6);
  assert.equal(world.clock.pending, 0);
  await world.fleet.start("one");
  assert.equal(world.fleet.get("one").restarts, 0);
});

Deno.test("on_crash counts anew after ten minutes of being ready", async () => {
  await using world = await fleetWorld();
  await world.create("one", { restart_policy: "on_crash" });
  await crash(world);
  await world.pass(1_000);
  await until("the restart", () => world.fleet.get("one").status === "starting");
  await world.announce("one");
  await world.pass(600_000);
  await crash(world);
  await world.pass(1_000);
  await until("the restart", () => world.fleet.get("one").status === "starting");
  assert.equal(world.fleet.get("one").restarts, 1);
});

Deno.test("the policy never leaves a crashed VM alone", async () => {
  await using world = await fleetWorld();
  await world.create("one");
  await crash(world);
  await world.pass(60_000);
  assert.equal(starts(world), 1);
});

for (const ask of ["stop", "start", "delete"] as const) {
  Deno.test(`a ${ask} takes the place of the restart that was to come`, async () => {
    await using world = await fleetWorld();
    await world.create("one", { restart_policy: "on_crash" });
    await crash(world);
    if (ask === "stop") assert.equal((await world.fleet.stop("one", 0)).status, "stopped");
    else await world.fleet[ask]("one");
    const before = starts(world);
    await world.restart("keep");
    await world.pass(20_000);
    assert.equal(starts(world), before);
  });
}

for (const how of ["keep", "stop", "crash"] as const) {
  Deno.test(`a restart to come survives a daemon that ends by ${how}`, async () => {
    await using world = await fleetWorld();
    await world.create("one", { restart_policy: "on_crash" });
    await crash(world);
    await world.restart(how);
    assert.equal(starts(world), 1);
    await world.pass(1_000);
    await until("the restart", () => world.fleet.get("one").status === "starting");
    await world.pass(10_000);
    assert.equal(starts(world), 2);
  });
}

Deno.test("a restart for which there is no room is tried again, and counted", async () => {
  await using world = await fleetWorld({ vmLimit: 1 });
  await world.create("one", { restart_policy: "on_crash" });
  await crash(world);
  await world.create("two");
  await world.pass(1_000);
  await until("the count", () => world.fleet.get("one").restarts === 1);
  await world.fleet.delete("two");
  await world.pass(2_000);
  await until("the restart", () => world.fleet.get("one").status === "starting");
  assert.equal(world.fleet.get("one").restarts, 2);
});

Deno.test("ttl_ms deletes a VM and says why, whatever it did meanwhile", async () => {
  await using world = await fleetWorld();
  await world.create("one", { ttl_ms: 60_000 });
  await world.announce("one");
  await world.fleet.pause("one");
  await world.fleet.stop("one", 0);
  await world.fleet.start("one");
  await world.announce("one");
  await world.pass(59_999);
  assert.equal(world.fleet.get("one").status, "running");
  await world.pass(1);
  await until("the end", () => world.rows.byName("one") === undefined);
  const body = world.db.get<{ body: string }>("SELECT body FROM events ORDER BY seq DESC LIMIT 1");
  assert.match(body?.body ?? "", /VM_DELETED.*its time to live is over/);
  assert.deepEqual(world.runtime.running, []);
});

for (const how of ["keep", "crash"] as const) {
  Deno.test(`ttl_ms counts on while there is no daemon, after a ${how}`, async () => {
    await using world = await fleetWorld();
    await world.create("one", { ttl_ms: 60_000 });
    await world.announce("one");
    await world.pass(30_000);
    await world.restart(how);
    await world.pass(29_999);
    assert.equal(world.fleet.get("one").status, "running");
    await world.pass(1);
    await until("the end", () => world.rows.byName("one") === undefined);
  });
}

Deno.test("ttl_ms that ended while there was no daemon deletes at once", async () => {
  await using world = await fleetWorld();
  await world.create("one", { ttl_ms: 60_000 });
  const next = world.reopen();
  await world.clock.advance(100_000);
  await next.recover();
  await world.pass(1);
  await until("the end", () => world.rows.byName("one") === undefined);
  assert.deepEqual(world.runtime.running, []);
});

Deno.test("ttl_ms holds no longer than any may after the clock was set back", async () => {
  await using world = await fleetWorld();
  await world.create("one");
  await world.fleet.stop("one", 0);
  world.db.run("UPDATE vms SET expires_at = '2099-01-01T00:00:00.000Z'");
  await world.restart("crash");
  await world.clock.advance(7 * 24 * 3_600_000 - 1);
  assert.equal(world.fleet.get("one").status, "stopped");
  await world.clock.advance(1);
  await until("the end", () => world.rows.byName("one") === undefined);
});

Deno.test("ttl_ms is insisted on when the VM cannot be cleaned up at first", async () => {
  await using world = await fleetWorld();
  await world.create("one", { ttl_ms: 60_000 });
  await world.announce("one");
  const remove = world.taps.delete;
  world.taps.delete = () => {
    throw new Error("the tap is busy");
  };
  await world.pass(61_000);
  await until("a failure", async () => {
    await world.pass(200);
    return world.logged.some((line) => line.includes("VM step failed"));
  });
  assert.equal(world.fleet.get("one").status, "stopping");
  world.taps.delete = remove;
  await until("the end", async () => {
    await world.pass(1_000);
    return world.rows.byName("one") === undefined;
  });
  assert.equal(world.clock.pending, 0);
});

Deno.test("idle_timeout_ms deletes a VM that nobody uses, from its announce on", async () => {
  await using world = await fleetWorld();
  await world.create("one", { idle_timeout_ms: 20_000 });
  await world.pass(25_000);
  await world.announce("one");
  await world.pass(19_999);
  assert.equal(world.fleet.get("one").status, "running");
  await world.pass(1);
  await until("the end", () => world.rows.byName("one") === undefined);
  const body = world.db.get<{ body: string }>("SELECT body FROM events ORDER BY seq DESC LIMIT 1");
  assert.match(body?.body ?? "", /VM_DELETED.*not used for 20000 ms/);
});

Deno.test("idle_timeout_ms spares a VM in use, and counts from the last use's end", async () => {
  await using world = await fleetWorld();
  await world.create("one", { idle_timeout_ms: 20_000 });
  await world.announce("one");
  const agent = world.fleet.agent("one");
  const [long, short] = [agent.use(), agent.use()];
  await world.pass(15_000);
  short[Symbol.dispose]();
  short[Symbol.dispose]();
  await world.pass(60_000);
  assert.equal(world.fleet.get("one").status, "running");
  long[Symbol.dispose]();
  await world.pass(19_000);
  assert.equal(world.fleet.get("one").status, "running");
  await world.pass(1_000);
  await until("the end", () => world.rows.byName("one") === undefined);
});

Deno.test("idle_timeout_ms goes on under the next daemon, from its start", async () => {
  await using world = await fleetWorld();
  await world.create("one", { idle_timeout_ms: 20_000 });
  await world.announce("one");
  await world.pass(15_000);
  await world.restart("crash");
  await world.pass(19_999);
  assert.equal(world.fleet.get("one").status, "running");
  await world.pass(1);
  await until("the end", () => world.rows.byName("one") === undefined);
});

Deno.test("a machine that is silent three times has crashed, and its process is ended", async () => {
  await using world = await fleetWorld();
  await world.create("one");
  await world.announce("one");
  const machine = newest(world);
  machine.hang = new Promise(() => {});
  await world.pass(44_000);
  assert.equal(world.fleet.get("one").status, "running");
  await world.pass(1_000);
  await until("the crash", () => world.fleet.get("one").status === "crashed");
  assert.equal(world.fleet.get("one").reason, "the machine did not answer");
  assert.ok(machine.isGone);
  assert.deepEqual([...world.taps], []);
});

Deno.test("a machine that answers again in time has not crashed", async () => {
  await using world = await fleetWorld();
  await world.create("one");
  await world.announce("one");
  const machine = newest(world);
  for (let times = 0; times < 3; times++) {
    machine.hang = new Promise(() => {});
    await world.pass(30_000);
    machine.hang = null;
    await world.pass(20_000);
  }
  assert.equal(world.fleet.get("one").status, "running");
  await world.fleet.pause("one");
  await world.pass(120_000);
  assert.equal(world.fleet.get("one").status, "paused");
});

Deno.test("an end that the store does not take is told once it does", async () => {
  await using world = await fleetWorld();
  await world.create("one");
  await world.announce("one");
  world.db.run("CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(FAIL, 'full'); END");
  newest(world).exit();
  await until("the failure", () => world.logged.some((line) => line.includes("VM step failed")));
  assert.equal(world.fleet.get("one").status, "running");
  world.db.run("DROP TRIGGER full");
  await world.pass(1_000);
  await until("the crash", () => world.fleet.get("one").status === "crashed");
  assert.equal(world.events("one").at(-1), "VM_CRASHED");
});
