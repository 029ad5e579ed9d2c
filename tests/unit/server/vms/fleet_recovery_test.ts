/** What the next daemon makes of each VM, by where its row and its machine stand. */
import assert from "node:assert/strict";
import type { VmStatus } from "../../../../protocol/vms.ts";
import { until } from "../../../until.ts";
import { BOOT_TIMEOUT_MS, type FleetWorld, fleetWorld, namesIn } from "./fleet_world.ts";

type MachineFate = "running" | "paused" | "created" | "gone" | "hangs";

/** Takes a new VM to that status. */
async function makeOf(world: FleetWorld, status: VmStatus): Promise<void> {
  await world.create("one");
  if (status === "starting") return;
  await world.announce("one");
  if (status === "running") return;
  if (status === "paused") return void await world.fleet.pause("one");
  // The daemon dies while it stops the VM.
  world.db.run("UPDATE vms SET status = 'stopping'");
}

const CASES: readonly [VmStatus, MachineFate, VmStatus][] = [
  ["starting", "running", "starting"],
  ["starting", "created", "crashed"],
  ["starting", "gone", "crashed"],
  ["running", "running", "running"],
  ["running", "paused", "paused"],
  ["running", "created", "crashed"],
  ["running", "gone", "crashed"],
  ["running", "hangs", "crashed"],
  ["paused", "paused", "paused"],
  ["paused", "running", "running"],
  ["paused", "gone", "crashed"],
  ["stopping", "running", "stopped"],
  ["stopping", "gone", "stopped"],
];

for (const [status, fate, expected] of CASES) {
  Deno.test(`Fleet.recover() of ${status} with its machine ${fate} is ${expected}`, async () => {
    await using world = await fleetWorld();
    await makeOf(world, status);
    const machine = world.runtime.machines[0] ?? assert.fail();
    const next = world.reopen();
    if (fate === "gone") machine.exit();
    else if (fate === "hangs") machine.hang = Promise.reject(new Error("no answer"));
    else machine.state = fate;
    await next.recover();
    const { pid, ip_address, reason } = next.get("one");
    assert.equal(next.get("one").status, expected);
    const isAdopted = ["starting", "running", "paused"].includes(expected);
    assert.equal(machine.isGone, !isAdopted);
    assert.equal(pid !== undefined, isAdopted);
    assert.equal(ip_address !== undefined, expected !== "crashed");
    assert.equal(world.taps.size, isAdopted ? 1 : 0);
    assert.equal(namesIn(`${world.folder}/run`).length, isAdopted ? 1 : 0);
    if (expected === "crashed") assert.match(reason ?? "", /gone when the daemon came back/);
    if (expected === "running") assert.equal(next.agent("one").url, "http://127.0.0.1:9");
    else assert.throws(() => next.agent("one"), { code: "vm_not_running" });
    if (!isAdopted) return;
    // What was adopted is followed like what was made.
    machine.exit();
    await until("the crash", () => next.get("one").status === "crashed");
  });
}

Deno.test("Fleet.recover() gives a VM that boots all its time to announce itself anew", async () => {
  await using world = await fleetWorld();
  await world.create("one");
  const next = world.reopen();
  await world.clock.advance(BOOT_TIMEOUT_MS * 2);
  await next.recover();
  await world.pass(BOOT_TIMEOUT_MS - 1);
  await world.announce("one");
  await world.pass(BOOT_TIMEOUT_MS);
  assert.equal(next.get("one").status, "running");
  assert.equal(next.agent("one").url, "http://127.0.0.1:9");
});

Deno.test("Fleet.recover() lets go of a paused VM's agent until it is resumed", async () => {
  await using world = await fleetWorld();
  await makeOf(world, "paused");
  await world.restart("keep");
  assert.throws(() => world.fleet.agent("one"), { code: "vm_not_running" });
  await world.fleet.resume("one");
  assert.equal(world.fleet.agent("one").url, "http://127.0.0.1:9");
});

Deno.test("Fleet.recover() takes back a VM that never booted, and frees its key", async () => {
  await using world = await fleetWorld();
  world.runtime.gate = new Promise(() => {});
  void world.create("one", {}, "key");
  await until("its boot", () => world.runtime.asked === 1);
  assert.equal(namesIn(`${world.folder}/run`).length, 1);
  await Deno.writeTextFile(`${world.folder}/logs/${world.rows.all()[0]?.id}.console.log`, "hello");
  world.runtime.gate = Promise.resolve();
  await world.restart("crash");
  assert.deepEqual(world.rows.all(), []);
  assert.deepEqual(world.leases.addresses(), []);
  assert.deepEqual([...world.taps], []);
  assert.deepEqual(namesIn(`${world.folder}/run`), []);
  assert.deepEqual(namesIn(`${world.folder}/logs`), []);
  assert.deepEqual(world.events(), ["VM_CREATED", "VM_DELETED"]);
  assert.equal((await world.create("one", {}, "key")).status, "starting");
});

Deno.test("Fleet.recover() keeps a VM that was being started again when the daemon died", async () => {
  await using world = await fleetWorld();
  await world.create("one", { labels: { team: "web" } });
  await world.fleet.stop("one", 0);
  world.runtime.gate = new Promise(() => {});
  void world.fleet.start("one");
  await until("its boot", () => world.runtime.asked === 2);
  world.runtime.gate = Promise.resolve();
  await world.restart("crash");
  const { status, labels } = world.fleet.get("one");
  assert.deepEqual([status, labels], ["crashed", { team: "web" }]);
  assert.equal((await world.fleet.start("one")).status, "starting");
});

Deno.test("Fleet.recover() gives up a running VM whose agent nobody knows", async () => {
  await using world = await fleetWorld();
  await makeOf(world, "running");
  world.db.run("UPDATE vms SET agent_url = NULL");
  await world.restart("crash");
  assert.equal(world.fleet.get("one").status, "crashed");
});

Deno.test("Fleet.recover() goes on where one VM cannot be cleaned up", async () => {
  await using world = await fleetWorld();
  await world.create("one");
  await world.create("two");
  const [one, two] = world.runtime.machines;
  const next = world.reopen();
  one?.exit();
  const remove = world.taps.delete;
  world.taps.delete = () => {
    throw new Error("the tap is busy");
  };
  let isDone = false;
  const recovering = next.recover().finally(() => isDone = true);
  await until("the recovery", async () => {
    await world.pass(100);
    return isDone;
  });
  await recovering;
  world.taps.delete = remove;
  assert.deepEqual([next.get("one").status, next.get("two").status], ["crashed", "starting"]);
  assert.ok(!two?.isGone);
  assert.equal(world.taps.size, 2);
  assert.equal(world.leases.addresses().length, 2);
  // What is left is in nobody's way, and goes with the next start or the delete.
  await next.start("one");
  assert.equal(world.taps.size, 2);
  await next.delete("one");
  assert.equal(world.taps.size, 1);
});

Deno.test("Fleet.close() that keeps lets go of every machine, and one that stops ends all", async () => {
  await using world = await fleetWorld();
  await makeOf(world, "running");
  await world.create("two");
  await world.restart("keep");
  // Adopted again, so all were let go before and taken over.
  assert.equal(world.runtime.running.length, 2);
  assert.deepEqual(world.events("one"), ["VM_CREATED", "VM_STARTING", "VM_RUNNING"]);
  await world.restart("stop");
  assert.deepEqual(world.runtime.running, []);
  assert.deepEqual(world.fleet.get("one").status, "stopped");
});

Deno.test("Fleet.close() that keeps hears of a machine's end no more", async () => {
  await using world = await fleetWorld({ onShutdown: "keep" });
  await makeOf(world, "running");
  const [machine] = world.runtime.machines;
  await world.fleet.close();
  assert.equal(machine?.isReleased, true);
  machine?.exit();
  // Whatever the end had put into the VM's queue stands before this request.
  await assert.rejects(world.fleet.restart("one", 0), { code: "shutting_down" });
  assert.equal(world.rows.byName("one")?.status, "running");
  assert.equal(world.taps.size, 1);
  assert.equal(world.clock.pending, 0);
});
