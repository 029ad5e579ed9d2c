/** Requests that change a VM: what they refuse, what a refusal leaves, and who comes in between. */
import assert from "node:assert/strict";
import { parseSubnet } from "../../../../server/network/subnet.ts";
import { until } from "../../../until.ts";
import { type FleetWorld, fleetWorld, namesIn, type WorldOptions } from "./fleet_world.ts";

/** A world with one VM that runs. */
async function running(options: WorldOptions = {}): Promise<FleetWorld> {
  const world = await fleetWorld(options);
  await world.create("one");
  await world.announce("one");
  return world;
}

/** A subnet with so many addresses for guests. */
function subnetOf(count: number) {
  const hosts = Array.from({ length: count + 1 }, (_, at) => `10.9.0.${at + 1}`);
  return { ...parseSubnet("10.9.0.0/24"), hosts: () => hosts.values() as Generator<string> };
}

async function haveImage(world: FleetWorld): Promise<void> {
  await Deno.mkdir(`${world.folder}/image/current`, { recursive: true });
  for (const file of ["vmlinux", "viper-initramfs.cpio.gz", "viper-root.erofs"]) {
    await Deno.writeTextFile(`${world.folder}/image/current/${file}`, file);
  }
  world.runtime.traits.image = true;
}

Deno.test("Fleet.stop() presses the power button and waits as long as it was told to", async () => {
  await using world = await running();
  const [machine] = world.runtime.machines;
  const stopping = world.fleet.stop("one", 5_000);
  await until("the press", () => machine?.presses === 1);
  await world.pass(4_999);
  assert.equal(world.fleet.get("one").status, "stopping");
  assert.equal(machine?.isGone, false);
  assert.throws(() => world.fleet.agent("one"), { code: "vm_not_running" });
  await world.pass(1);
  assert.equal((await stopping).status, "stopped");
  assert.equal(machine?.isGone, true);
});

Deno.test("Fleet.stop() waits no longer than the guest takes, and leaves no timer", async () => {
  await using world = await running();
  const [machine] = world.runtime.machines;
  if (machine) machine.onPowerButton = () => machine.exit("guest_poweroff");
  assert.equal((await world.fleet.stop("one", 120_000)).status, "stopped");
  assert.equal(world.clock.pending, 0);
  assert.deepEqual(world.events("one").slice(-2), ["VM_STOPPING", "VM_STOPPED"]);
});

Deno.test("Fleet.stop() pulls the plug of a paused VM, which could not heed the button", async () => {
  await using world = await running();
  await world.fleet.pause("one");
  assert.equal((await world.fleet.stop("one", 120_000)).status, "stopped");
  assert.equal(world.runtime.machines[0]?.presses, 0);
});

for (const times of [1, 2]) {
  Deno.test(`Fleet.delete() cuts the grace of ${times} stops short`, async () => {
    await using world = await running();
    const stops = Array.from({ length: times }, () => world.fleet.stop("one", 120_000));
    const ends = Promise.allSettled(stops);
    await until("the press", () => world.runtime.machines[0]?.presses === 1);
    await world.fleet.delete("one");
    await ends;
    assert.deepEqual(world.rows.all(), []);
    assert.equal(world.clock.pending, 0);
  });
}

Deno.test("Fleet.close() cuts the grace of a stop short", async () => {
  await using world = await running();
  const stopping = world.fleet.stop("one", 120_000);
  await until("the press", () => world.runtime.machines[0]?.presses === 1);
  await world.restart("keep");
  assert.equal((await stopping).status, "stopped");
  assert.equal(world.fleet.get("one").status, "stopped");
});

Deno.test("Fleet.start() keeps the lease of a stop and takes one after a crash", async () => {
  await using world = await running({ subnet: subnetOf(1) });
  await world.fleet.stop("one", 0);
  await assert.rejects(world.create("two"), { code: "addresses_exhausted" });
  assert.equal((await world.fleet.start("one")).ip_address, "10.9.0.2");
  world.runtime.running[0]?.exit();
  await until("the crash", () => world.fleet.get("one").status === "crashed");
  await world.create("two");
  const before = JSON.stringify(world.rows.byName("one"));
  await assert.rejects(world.fleet.start("one"), { code: "addresses_exhausted" });
  assert.equal(JSON.stringify(world.rows.byName("one")), before, "a refusal changes nothing");
  await world.fleet.delete("two");
  assert.equal((await world.fleet.start("one")).ip_address, "10.9.0.2");
});

Deno.test("Fleet.start() holds the limits of the host", async () => {
  await using world = await running({ vmLimit: 1 });
  await world.fleet.stop("one", 0);
  await world.create("two");
  await assert.rejects(world.fleet.start("one"), { code: "vm_limit_reached" });
  assert.equal(world.fleet.get("one").status, "stopped");
  await world.fleet.delete("two");
  await world.fleet.start("one");
});

for (const ask of ["start", "restart"] as const) {
  Deno.test(`Fleet.${ask}() without the image is refused and changes nothing`, async () => {
    await using world = await fleetWorld();
    await haveImage(world);
    await world.create("one");
    await world.announce("one");
    if (ask === "start") await world.fleet.stop("one", 0);
    await Deno.remove(`${world.folder}/image/current/vmlinux`);
    const before = JSON.stringify(world.rows.all());
    await assert.rejects(world.fleet[ask]("one", 0), { code: "image_not_found" });
    assert.equal(JSON.stringify(world.rows.all()), before);
    assert.equal(world.runtime.running.length, ask === "start" ? 0 : 1);
  });
}

Deno.test("Fleet.start() keeps to the runtime that a VM was made for", async () => {
  await using world = await running();
  world.db.run("UPDATE vms SET runtime = 'cloud-hypervisor'");
  await assert.rejects(world.fleet.restart("one", 0), {
    code: "runtime_unavailable",
    message: /for|on runtime "cloud-hypervisor": this daemon runs "qemu"/,
  });
  assert.equal(world.fleet.get("one").status, "running");
  await world.fleet.stop("one", 0);
  await assert.rejects(world.fleet.start("one"), { code: "runtime_unavailable" });
  assert.equal(world.fleet.get("one").status, "stopped");
});

for (const step of ["createFailure", "bootFailure"] as const) {
  Deno.test(`Fleet.start() that meets a ${step} leaves a crashed VM and nothing else`, async () => {
    await using world = await running();
    await world.fleet.stop("one", 0);
    world.runtime[step] = new Error("no luck");
    await assert.rejects(world.fleet.start("one"), { code: "vm_start_failed", message: /no luck/ });
    const { status, reason } = world.fleet.get("one");
    assert.deepEqual([status, reason], ["crashed", "not started: no luck"]);
    assert.deepEqual(world.leases.addresses(), []);
    assert.deepEqual([...world.taps], []);
    assert.deepEqual(namesIn(`${world.folder}/run`), []);
    assert.deepEqual(world.runtime.running, []);
    world.runtime[step] = null;
    assert.equal((await world.fleet.start("one")).reason, undefined);
  });
}

Deno.test("Fleet.announce() is refused while a VM is paused, and taken after", async () => {
  await using world = await running();
  await world.fleet.pause("one");
  await assert.rejects(world.announce("one"), { code: "vm_busy" });
  assert.equal(world.fleet.get("one").status, "paused");
  await world.fleet.resume("one");
  await world.announce("one");
});

Deno.test("Fleet.announce() from another port is where the next daemon finds the agent", async () => {
  await using world = await running();
  const id = world.rows.byName("one")?.id ?? "";
  await world.fleet.announce(id, { url: "http://127.0.0.1:10", browserRestarts: 0 });
  assert.equal(world.fleet.agent("one").url, "http://127.0.0.1:10");
  await world.restart("crash");
  assert.equal(world.fleet.agent("one").url, "http://127.0.0.1:10");
});

Deno.test("a machine that ends while it is paused, or between two requests, crashes once", async () => {
  await using world = await running();
  const [machine] = world.runtime.machines;
  const asked = [world.fleet.pause("one"), world.fleet.resume("one"), world.fleet.pause("one")];
  machine?.exit();
  await Promise.allSettled(asked);
  await until("the crash", () => world.fleet.get("one").status === "crashed");
  assert.equal(world.events("one").filter((type) => type === "VM_CRASHED").length, 1);
});

Deno.test("Fleet.loseTap() ends a machine whose tap is gone, and no other", async () => {
  await using world = await running();
  const id = world.rows.byName("one")?.id ?? "";
  await world.fleet.loseTap(id);
  assert.equal(world.fleet.get("one").status, "running", "the tap stands");
  // It was looked for just as a restart had taken it away; there is another by now.
  const restarting = world.fleet.restart("one", 0);
  await world.fleet.loseTap(id);
  await restarting;
  assert.equal(world.fleet.get("one").status, "starting");
  world.taps.delete(id);
  await world.fleet.loseTap(id);
  const { status, reason } = world.fleet.get("one");
  assert.deepEqual([status, reason], ["crashed", "its tap is gone"]);
  await world.fleet.loseTap(id);
  await world.fleet.loseTap("nobody");
  assert.equal(world.events("one").filter((type) => type === "VM_CRASHED").length, 1);
});

Deno.test("Fleet.setEgress() is applied at once, or with the next start", async () => {
  await using world = await running();
  const id = world.rows.byName("one")?.id ?? "";
  assert.deepEqual((await world.fleet.setEgress("one", ["10.0.0.0/8"])).egress, ["10.0.0.0/8"]);
  assert.deepEqual(world.egress.get(id), ["10.0.0.0/8"]);
  await world.fleet.stop("one", 0);
  await world.fleet.setEgress("one", "none");
  assert.deepEqual(world.egress.get(id), ["10.0.0.0/8"], "there is nothing to apply it to");
  await world.fleet.start("one");
  assert.equal(world.egress.get(id), "none");
  await world.restart("crash");
  assert.equal(world.fleet.get("one").egress, "none");
});

Deno.test("Fleet.setEgress() that cannot be applied leaves what was", async () => {
  await using world = await running();
  world.taps.clear();
  await assert.rejects(world.fleet.setEgress("one", "open"), /there is no tap/);
  assert.equal(world.fleet.get("one").egress, "internet");
  assert.equal(world.fleet.get("one").status, "running");
});

Deno.test("Fleet.create() gives 50 addresses to all of 200 that wait their turn", async () => {
  await using world = await fleetWorld({ subnet: subnetOf(50), vmLimit: 1_000 });
  const names = Array.from({ length: 200 }, (_, at) => `vm-${at}`);
  const made: string[] = [];
  const all = names.map((name) =>
    world.create(name, { wait_ms: 600_000 }).then(() => void made.push(name))
  );
  await until("the first", () => made.length === 50 && world.fleet.waiting === 150);
  for (let at = 0; at < 150; at++) {
    assert.equal(world.leases.addresses().length, 50);
    const name = names[at] ?? "";
    if (at % 2 === 0) await world.fleet.delete(name);
    else {
      // What crashes makes room as well.
      const id = world.rows.byName(name)?.id;
      world.runtime.running.find(({ spec }) => spec.id === id)?.exit();
    }
    await until(`VM ${at + 51}`, () => made.length === 51 + at);
  }
  await Promise.all(all);
  assert.deepEqual(made.slice(50), names.slice(50), "first come, first served");
  assert.equal(world.fleet.waiting, 0);
  assert.equal(new Set(world.leases.addresses()).size, 50);
});
