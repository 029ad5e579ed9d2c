import assert from "node:assert/strict";
import { eventType } from "../../../../protocol/events.ts";
import { until } from "../../../until.ts";
import { vmRow } from "../store/vm_row.ts";
import { ADDRESSES, metricsWorld } from "./metrics_world.ts";

const MB = 1024 * 1024;

Deno.test("fleetFigures follows VMs from create to delete", async () => {
  await using figures = await metricsWorld();
  const { world, values } = figures;
  const keys = [
    ...["starting", "running", "stopped"].map((status) => `viper_vms{status="${status}"}`),
    ...["viper_cpu_used_cores", "viper_memory_used_bytes"],
    ...['viper_leases{state="used"}', 'viper_leases{state="free"}'],
  ];
  const nothing = [0, 0, 0, 0, 0, 0, ADDRESSES];
  assert.deepEqual(await values(...keys), nothing);
  await world.create("a", { cpu_cores: 3, memory_mb: 512 });
  // 64 MB are the hypervisor's.
  const load = [3, 576 * MB, 1, ADDRESSES - 1];
  assert.deepEqual(await values(...keys), [1, 0, 0, ...load]);
  await world.announce("a");
  assert.deepEqual(await values(...keys), [0, 1, 0, ...load]);
  await world.fleet.stop("a", 0);
  assert.deepEqual(await values(...keys), [0, 0, 1, 0, 0, 1, ADDRESSES - 1]);
  await world.fleet.delete("a");
  assert.deepEqual(await values(...keys), nothing);
  const limits = ["viper_vm_limit", "viper_cpu_limit_cores", "viper_memory_limit_bytes"];
  assert.deepEqual(await values(...limits), [10, 16, 4_096 * MB]);
});

Deno.test("fleetFigures counts creates that wait, followers, and bytes on disk", async () => {
  await using figures = await metricsWorld({ vmLimit: 1 });
  const { world, values } = figures;
  await world.create("a");
  const waiting = world.create("b", { wait_ms: 1_000 });
  await until("the wait", () => world.fleet.waiting === 1);
  const stop = new AbortController();
  const next = world.bus.follow({ signal: stop.signal }).next();
  const keys = ["viper_create_queue", "viper_event_subscribers"];
  assert.deepEqual(await values(...keys), [1, 1]);
  stop.abort();
  await next;
  await world.fleet.delete("a");
  await waiting;
  assert.deepEqual(await values(...keys), [0, 0]);
  const [bytes = 0] = await values("viper_database_bytes");
  assert.ok(bytes >= Deno.statSync(`${world.folder}/state.db`).size && bytes > 0);
});

Deno.test("figures have as many series with 1,000 VMs as with one", async () => {
  await using figures = await metricsWorld();
  const { world, series } = figures;
  const live = (name: string) => {
    const row = { ...vmRow(name), status: "crashed" as const };
    world.rows.insert(row);
    const vm = { name, vm_id: name, status: row.status };
    for (const type of eventType.options) {
      world.bus.publish({ ...vm, type, ...(type === "VM_CRASHED" ? { cause: "hung" } : {}) });
    }
  };
  live("first");
  const before = await series();
  world.db.withTx(() => {
    for (let at = 1; at < 1_000; at++) live(`vm-${at}`);
  });
  assert.equal(world.rows.count(), 1_000);
  assert.deepEqual(await series(), before);
});
