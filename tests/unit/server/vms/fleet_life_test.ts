/** A VM's life after its create: ends of every kind, waits, announces and restarts of the daemon. */
import assert from "node:assert/strict";
import type { VmEvent } from "../../../../protocol/events.ts";
import { until } from "../../../until.ts";
import { BOOT_TIMEOUT_MS, fleetWorld, namesIn } from "./fleet_world.ts";

const ALL = { limit: 1_000, after: 0 };
const NEVER = new AbortController().signal;

Deno.test("Fleet.delete() stops first and tells each step once, in order", async () => {
  await using world = await fleetWorld();
  await world.create("one");
  await world.announce("one");
  await world.fleet.delete("one");
  assert.deepEqual(world.events(), [
    ...["VM_CREATED", "VM_STARTING", "VM_RUNNING"],
    ...["VM_STOPPING", "VM_STOPPED", "VM_DELETED"],
  ]);
  assert.deepEqual(world.rows.all(), []);
  assert.deepEqual(world.leases.addresses(), []);
  assert.deepEqual([...world.taps], []);
  assert.deepEqual(namesIn(`${world.folder}/run`), []);
  assert.deepEqual(world.runtime.running, []);
});

Deno.test("Fleet.delete() answers the second of two with vm_not_found", async () => {
  await using world = await fleetWorld();
  await world.create("one");
  const ends = await Promise.allSettled([world.fleet.delete("one"), world.fleet.delete("one")]);
  assert.deepEqual(
    ends.map((end) => end.status === "rejected" ? end.reason.code : "done"),
    ["done", "vm_not_found"],
  );
  await assert.rejects(world.fleet.delete("one"), { code: "vm_not_found" });
  assert.deepEqual(world.events(), [
    ...["VM_CREATED", "VM_STARTING", "VM_STOPPING", "VM_STOPPED", "VM_DELETED"],
  ]);
});

Deno.test("a machine that ends by itself is told as crashed once and frees what it had", async () => {
  await using world = await fleetWorld();
  await world.create("one");
  await world.announce("one");
  world.runtime.machines[0]?.exit();
  await until("the crash", () => world.fleet.get("one").status === "crashed");
  await world.clock.advance(BOOT_TIMEOUT_MS * 2);
  assert.deepEqual(world.events(), ["VM_CREATED", "VM_STARTING", "VM_RUNNING", "VM_CRASHED"]);
  const { ip_address, pid, reason } = world.fleet.get("one");
  assert.deepEqual([ip_address, pid], [undefined, undefined]);
  assert.match(reason ?? "", /code 1/);
  assert.deepEqual(world.leases.addresses(), []);
  assert.deepEqual([...world.taps], []);
  assert.deepEqual(namesIn(`${world.folder}/run`), []);
  assert.throws(() => world.fleet.agent("one"), { code: "vm_not_running" });
  await world.fleet.delete("one");
  assert.equal(world.events().at(-1), "VM_DELETED");
});

Deno.test("a crashed VM whose tap cannot be removed keeps its address until it can", async () => {
  await using world = await fleetWorld();
  await world.create("one");
  const remove = world.taps.delete;
  world.taps.delete = () => {
    throw new Error("the tap is busy");
  };
  world.runtime.machines[0]?.exit();
  await until("the crash", async () => {
    await world.pass(100);
    return world.fleet.get("one").status === "crashed";
  });
  world.taps.delete = remove;
  await world.create("two");
  assert.deepEqual(world.leases.addresses().sort(), ["10.9.0.2", "10.9.0.3"]);
  await world.fleet.start("one");
  assert.equal(world.fleet.get("one").ip_address, "10.9.0.2");
  await world.fleet.delete("one");
  assert.deepEqual(world.leases.addresses(), ["10.9.0.3"]);
});

Deno.test("a machine's end is not lost while many requests wait for the VM", async () => {
  await using world = await fleetWorld();
  await world.create("one");
  await world.announce("one");
  const crowd = Array.from({ length: 40 }, () => world.announce("one").catch((error) => error));
  world.runtime.machines[0]?.exit();
  const refused = (await Promise.all(crowd)).filter((error) => error?.code === "vm_busy");
  assert.ok(refused.length > 0, "the queue has no bound");
  await until("the crash", () => world.fleet.get("one").status === "crashed");
});

Deno.test("an agent that is not ready in time makes a crash, one that is does not", async () => {
  await using world = await fleetWorld();
  await world.create("late");
  await world.create("ready");
  await world.announce("ready");
  await world.clock.advance(BOOT_TIMEOUT_MS - 1);
  assert.equal(world.fleet.get("late").status, "starting");
  await world.clock.advance(1);
  await until("the crash", () => world.fleet.get("late").status === "crashed");
  assert.match(world.fleet.get("late").reason ?? "", /30000 ms/);
  assert.equal(world.fleet.get("ready").status, "running");
  assert.deepEqual(world.events("late"), ["VM_CREATED", "VM_STARTING", "VM_CRASHED"]);
  assert.equal(world.runtime.running.length, 1);
});

Deno.test("Fleet.announce() is refused for an unknown VM and in a wrong state", async () => {
  await using world = await fleetWorld();
  await assert.rejects(world.announce("nobody"), { code: "vm_not_found" });
  await world.create("one");
  world.runtime.machines[0]?.exit();
  await until("the crash", () => world.fleet.get("one").status === "crashed");
  await assert.rejects(world.announce("one"), { code: "vm_busy" });
  assert.deepEqual(world.events(), ["VM_CREATED", "VM_STARTING", "VM_CRASHED"]);
});

Deno.test("Fleet.announce() tells a browser's restart and no plain repetition", async () => {
  await using world = await fleetWorld();
  await world.create("one");
  await world.announce("one");
  await world.announce("one");
  const id = world.rows.byName("one")?.id ?? "";
  await world.fleet.announce(id, { url: "http://127.0.0.1:9", browserRestarts: 1 });
  assert.deepEqual(world.events(), [
    "VM_CREATED",
    "VM_STARTING",
    "VM_RUNNING",
    "VM_BROWSER_RESTARTED",
  ]);
});

Deno.test("Fleet.announce() lets no guest flood the events with restarts", async () => {
  await using world = await fleetWorld();
  await world.create("one");
  await world.announce("one");
  const id = world.rows.byName("one")?.id ?? "";
  for (let restarts = 1; restarts <= 50; restarts++) {
    await world.fleet.announce(id, { url: "http://127.0.0.1:9", browserRestarts: restarts });
  }
  assert.equal(world.events().filter((type) => type === "VM_BROWSER_RESTARTED").length, 10);
});

Deno.test("Fleet.announce() tells why a browser had to be started again", async () => {
  await using world = await fleetWorld();
  await world.create("one");
  await world.announce("one");
  const id = world.rows.byName("one")?.id ?? "";
  const told: unknown[] = [];
  world.bus.listen(({ type, message }) => told.push([type, message]));
  const browserEnded = "Cannot go on: Chrome ended with code 139";
  await world.fleet.announce(id, {
    ...{ url: "http://127.0.0.1:9", browserRestarts: 1, browserEnded },
  });
  assert.deepEqual(told, [["VM_BROWSER_RESTARTED", browserEnded]]);
});

Deno.test("Fleet.pageCrashed() tells which page, where and why, and lets no guest flood the events", async () => {
  await using world = await fleetWorld();
  await world.create("one");
  await world.announce("one");
  const id = world.rows.byName("one")?.id ?? "";
  const told: VmEvent[] = [];
  world.bus.listen((event) => told.push(event));
  const crash = { page: "p1", url: "https://a.test/", reason: "out_of_memory" } as const;
  await world.fleet.pageCrashed(id, crash);
  const { type, name, status, page, url, message = "" } = told[0] ?? {};
  assert.deepEqual({ type, name, status, page, url }, {
    ...{ type: "VM_PAGE_CRASHED", name: "one", status: "running" },
    ...{ page: "p1", url: "https://a.test/" },
  });
  assert.match(message, /out of memory/);
  for (let count = 2; count <= 50; count++) await world.fleet.pageCrashed(id, crash);
  assert.equal(told.length, 30);
  await world.clock.advance(60_000);
  await world.fleet.pageCrashed(id, { ...crash, reason: "crashed" });
  assert.equal(told.at(-1)?.message, "a page crashed");
  await world.fleet.stop("one", 0);
  const { length } = told;
  await world.fleet.pageCrashed(id, crash);
  assert.equal(told.length, length, "a VM that is down has no page");
});

Deno.test("Fleet.wait() ends when the VM runs, crashes or is deleted", async () => {
  await using world = await fleetWorld();
  for (const name of ["runs", "crashes", "goes"]) await world.create(name);
  const waits = ["runs", "crashes", "goes"].map((name) =>
    world.fleet.wait({ name, timeout_ms: 5_000 }, NEVER).then(
      ({ status }) => status,
      ({ code }) => code,
    )
  );
  await world.announce("runs");
  world.runtime.machines[1]?.exit();
  await world.fleet.delete("goes");
  assert.equal(await waits[0], "running");
  assert.equal(await waits[1], "crashed");
  // It is stopped before it is gone, and a wait may see either.
  assert.ok(["stopped", "vm_not_found"].includes(await waits[2] ?? ""));
  assert.equal((await world.fleet.wait({ name: "runs", timeout_ms: 1 }, NEVER)).status, "running");
});

Deno.test("Fleet.wait() answers timeout when the time is up", async () => {
  await using world = await fleetWorld();
  await world.create("one");
  const waiting = assert.rejects(world.fleet.wait({ name: "one", timeout_ms: 5_000 }, NEVER), {
    code: "timeout",
  });
  await until("the wait", () => world.bus.idleSubscribers === 1);
  await world.clock.advance(5_000);
  await waiting;
  assert.equal(world.bus.idleSubscribers, 0);
});

Deno.test("Fleet.wait() ends with its signal and leaves no subscriber and no timer", async () => {
  await using world = await fleetWorld();
  await world.create("one");
  const timers = world.clock.pending;
  const stop = new AbortController();
  const waiting = assert.rejects(
    world.fleet.wait({ name: "one", timeout_ms: 5_000 }, stop.signal),
    {
      code: "shutting_down",
    },
  );
  stop.abort();
  await waiting;
  await world.announce("one");
  for (let times = 0; times < 20; times++) {
    await world.fleet.wait({ name: "one", timeout_ms: 5_000 }, NEVER);
  }
  await until("no subscribers", () => world.bus.idleSubscribers === 0);
  assert.equal(world.clock.pending, timers);
});

Deno.test("Fleet.recover() marks live rows crashed and removes folders without a row", async () => {
  await using world = await fleetWorld();
  await world.create("one");
  const stray = `${world.folder}/run/00000000-0000-4000-8000-000000000000`;
  await Deno.mkdir(`${stray}/deeper`, { recursive: true });
  await Deno.writeTextFile(`${world.folder}/run/keep.txt`, "not a VM's");
  for (const machine of world.runtime.machines) machine.isGone = true;
  await world.reopen().recover();
  assert.equal(world.fleet.get("one").status, "crashed");
  assert.deepEqual(world.events(), ["VM_CREATED", "VM_STARTING", "VM_CRASHED"]);
  assert.deepEqual(world.leases.addresses(), []);
  assert.deepEqual([...world.taps], []);
  assert.deepEqual(namesIn(`${world.folder}/run`), ["keep.txt"]);
});

Deno.test("Fleet.close() stops every VM, keeps the rows and tells VM_STOPPED", async () => {
  await using world = await fleetWorld();
  await world.create("one");
  await world.create("two");
  await world.fleet.close();
  await world.fleet.close();
  assert.deepEqual(world.fleet.list(ALL).map(({ status }) => status), ["stopped", "stopped"]);
  assert.deepEqual(world.runtime.running, []);
  assert.deepEqual([...world.taps], []);
  assert.deepEqual(world.events(), [
    ...["VM_CREATED", "VM_STARTING", "VM_CREATED", "VM_STARTING"],
    ...["VM_STOPPING", "VM_STOPPING", "VM_STOPPED", "VM_STOPPED"],
  ]);
  await assert.rejects(world.create("three"), { code: "shutting_down" });
});
