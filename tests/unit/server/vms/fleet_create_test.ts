/** What a create leaves behind, in each way that it can end. */
import assert from "node:assert/strict";
import { parseSubnet } from "../../../../server/network/subnet.ts";
import { until } from "../../../until.ts";
import { type FleetWorld, fleetWorld, namesIn } from "./fleet_world.ts";

/** Nothing of a VM is left: no row, lease, tap, folder, log or machine. */
function assertNothingLeft({ rows, leases, taps, folder, runtime }: FleetWorld): void {
  assert.deepEqual(rows.all(), []);
  assert.deepEqual(leases.addresses(), []);
  assert.deepEqual([...taps], []);
  assert.deepEqual(namesIn(`${folder}/run`), []);
  assert.deepEqual(namesIn(`${folder}/logs`), []);
  assert.deepEqual(runtime.running, []);
}

Deno.test("Fleet.create() starts a VM that runs once it has announced itself", async () => {
  await using world = await fleetWorld();
  const made = await world.create("one");
  assert.equal(made.status, "starting");
  assert.equal(made.ip_address, "10.9.0.2");
  assert.equal(made.pid, 5_000_000);
  assert.throws(() => world.fleet.agent("one"), { code: "vm_not_running" });
  await world.announce("one");
  assert.equal(world.fleet.get("one").status, "running");
  assert.equal(world.fleet.agent("one").url, "http://127.0.0.1:9");
  assert.equal(world.fleet.agent("one").token, world.rows.byName("one")?.token);
  assert.ok(!("token" in world.fleet.get("one")));
  assert.deepEqual(world.events(), ["VM_CREATED", "VM_STARTING", "VM_RUNNING"]);
});

Deno.test("Fleet.create() refuses a taken name and changes nothing", async () => {
  await using world = await fleetWorld();
  await world.create("one");
  const before = JSON.stringify(world.rows.all());
  await assert.rejects(world.create("one"), { code: "vm_exists" });
  assert.equal(JSON.stringify(world.rows.all()), before);
  assert.deepEqual(world.leases.addresses(), ["10.9.0.2"]);
  assert.equal(world.runtime.machines.length, 1);
  assert.deepEqual(world.events(), ["VM_CREATED", "VM_STARTING"]);
});

Deno.test("Fleet.create() lets exactly one of two creates of a name win", async () => {
  await using world = await fleetWorld();
  const ends = await Promise.allSettled([world.create("one"), world.create("one")]);
  assert.deepEqual(ends.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  const lost = ends.find((end) => end.status === "rejected");
  assert.equal(lost?.reason.code, "vm_exists");
  assert.equal(world.runtime.machines.length, 1);
  assert.deepEqual(world.events(), ["VM_CREATED", "VM_STARTING"]);
});

Deno.test("Fleet.create() refuses more than the limit, at once or one by one", async () => {
  await using world = await fleetWorld({ vmLimit: 3 });
  const ends = await Promise.allSettled(
    ["a", "b", "c", "d", "e"].map((name) => world.create(name)),
  );
  const codes = ends.map((end) => end.status === "rejected" ? end.reason.code : "made");
  assert.deepEqual(codes, ["made", "made", "made", "vm_limit_reached", "vm_limit_reached"]);
  await assert.rejects(world.create("f"), { code: "vm_limit_reached" });
  await world.fleet.delete("a");
  await world.create("f");
});

Deno.test("Fleet.create() holds the limit while the image is looked for", async () => {
  await using world = await fleetWorld({ vmLimit: 1 });
  await Deno.mkdir(`${world.folder}/image/current`, { recursive: true });
  for (const file of ["vmlinux", "viper-initramfs.cpio.gz", "viper-root.erofs"]) {
    await Deno.writeTextFile(`${world.folder}/image/current/${file}`, file);
  }
  world.runtime.traits.image = true;
  const ends = await Promise.allSettled([world.create("a"), world.create("b")]);
  assert.deepEqual(ends.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  assert.equal(world.rows.load().count, 1);
});

Deno.test("Fleet.create() refuses a runtime that the daemon does not run", async () => {
  await using world = await fleetWorld();
  await assert.rejects(world.create("a", { runtime: "local" }), { code: "runtime_unavailable" });
  assertNothingLeft(world);
});

Deno.test("Fleet.create() names the image's file that is missing and leaves nothing", async () => {
  await using world = await fleetWorld();
  world.runtime.traits.image = true;
  await assert.rejects(world.create("a"), { code: "image_not_found", message: /vmlinux"$/ });
  assertNothingLeft(world);
  assert.deepEqual(world.events(), []);
});

for (const step of ["createFailure", "bootFailure"] as const) {
  Deno.test(`Fleet.create() takes everything back after a ${step} and says so`, async () => {
    await using world = await fleetWorld();
    world.runtime[step] = new Error("no luck");
    await assert.rejects(world.create("a"), {
      code: "vm_start_failed",
      message: 'Cannot start VM "a": no luck',
    });
    assertNothingLeft(world);
    assert.deepEqual(world.events(), ["VM_CREATED", "VM_DELETED"]);
    world.runtime[step] = null;
    await world.create("a");
  });
}

Deno.test("Fleet.create() gives 50 addresses to exactly 50 of 200 creates at once", async () => {
  const hosts = Array.from({ length: 51 }, (_, at) => `10.9.0.${at + 1}`);
  const subnet = {
    ...parseSubnet("10.9.0.0/24"),
    hosts: () => hosts.values() as Generator<string>,
  };
  await using world = await fleetWorld({ subnet, vmLimit: 1_000 });
  const names = Array.from({ length: 200 }, (_, at) => `vm-${at}`);
  const ends = await Promise.allSettled(names.map((name) => world.create(name)));
  const lost = ends.filter((end) => end.status === "rejected").map((end) => end.reason.code);
  assert.deepEqual(lost, Array(150).fill("addresses_exhausted"));
  assert.equal(new Set(world.leases.addresses()).size, 50);
  assert.ok(!world.leases.addresses().includes("10.9.0.1"));
  assert.equal(world.runtime.running.length, 50);
});

Deno.test("Fleet.delete() during a create waits for it and leaves nothing", async () => {
  await using world = await fleetWorld();
  const gate = Promise.withResolvers<void>();
  world.runtime.gate = gate.promise;
  const creating = world.create("a").catch((error) => error);
  await until("the row", () => world.rows.byName("a") !== undefined);
  const deleting = world.fleet.delete("a");
  assert.equal(world.fleet.get("a").status, "pending");
  gate.resolve();
  await Promise.all([creating, deleting]);
  assertNothingLeft(world);
  assert.deepEqual(world.events(), [
    ...["VM_CREATED", "VM_STARTING", "VM_STOPPING", "VM_STOPPED", "VM_DELETED"],
  ]);
});

Deno.test("Fleet.close() ends a create under way and refuses further ones", async () => {
  await using world = await fleetWorld();
  const gate = Promise.withResolvers<void>();
  world.runtime.gate = gate.promise;
  const creating = world.create("a");
  const ended = assert.rejects(creating, { code: "shutting_down" });
  await until("the folder", () => namesIn(`${world.folder}/run`).length === 1);
  const closing = world.fleet.close().catch((error) => error);
  await assert.rejects(world.create("b"), { code: "shutting_down" });
  gate.resolve();
  await ended;
  assert.equal(await closing, undefined);
  assertNothingLeft(world);
});

Deno.test("Fleet.close() refuses a create that was looking for its image", async () => {
  await using world = await fleetWorld();
  await Deno.mkdir(`${world.folder}/image/current`, { recursive: true });
  for (const file of ["vmlinux", "viper-initramfs.cpio.gz", "viper-root.erofs"]) {
    await Deno.writeTextFile(`${world.folder}/image/current/${file}`, file);
  }
  world.runtime.traits.image = true;
  const refused = assert.rejects(world.create("a"), { code: "shutting_down" });
  await world.fleet.close();
  await refused;
  assertNothingLeft(world);
});

Deno.test("Fleet.create() tells why it failed even when it cannot clean up", async () => {
  await using world = await fleetWorld();
  world.runtime.createFailure = new Error("no luck");
  const remove = world.taps.delete;
  world.taps.delete = () => {
    throw new Error("the tap is busy");
  };
  const refused = assert.rejects(world.create("a"), {
    code: "vm_start_failed",
    message: 'Cannot start VM "a": no luck',
  });
  // Each undo is tried three times, with a pause in between.
  for (let pause = 1; pause <= 2; pause++) {
    await until("the pause", () => world.clock.pending === 1);
    await world.clock.advance(200);
  }
  await refused;
  const { status, reason } = world.fleet.get("a");
  assert.deepEqual([status, reason], ["crashed", "not created: no luck"]);
  assert.equal(world.leases.addresses().length, 1, "another VM could get the tap's address");
  world.taps.delete = remove;
  await world.fleet.delete("a");
  assertNothingLeft(world);
  assert.deepEqual(world.events(), ["VM_CREATED", "VM_CRASHED", "VM_DELETED"]);
});
