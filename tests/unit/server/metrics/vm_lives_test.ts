import assert from "node:assert/strict";
import { until } from "../../../until.ts";
import { BOOT_TIMEOUT_MS } from "../vms/fleet_world.ts";
import { type MetricsWorld, metricsWorld } from "./metrics_world.ts";

const STARTS = ["ready", "failed", "cancelled"].map((outcome) =>
  `viper_vm_starts_total{outcome="${outcome}"}`
);

function phase(name: string, part: "sum" | "count"): string {
  return `viper_vm_boot_phase_seconds_${part}{phase="${name}"}`;
}

function crashes(cause: string): string {
  return `viper_vm_crashes_total{cause="${cause}"}`;
}

function idOf({ world }: MetricsWorld, name: string): string {
  return world.rows.byName(name)?.id ?? "";
}

Deno.test("VmLives measures a start in its parts", async () => {
  await using figures = await metricsWorld();
  const { world, lives, values } = figures;
  const gate = Promise.withResolvers<void>();
  world.runtime.gate = gate.promise;
  const created = world.create("a");
  await until("the row", () => idOf(figures, "a") !== "");
  await world.clock.advance(500);
  gate.resolve();
  await created;
  await world.clock.advance(2_000);
  lives.noteAnnounce(idOf(figures, "a"), 1_500);
  await world.announce("a");
  assert.deepEqual(await values(...STARTS), [1, 0, 0]);
  const sums = ["prepare", "boot", "agent"].map((name) => phase(name, "sum"));
  assert.deepEqual(await values(...sums), [0.5, 2, 1.5]);
});

Deno.test("VmLives believes no agent that says it took longer than the boot", async () => {
  await using figures = await metricsWorld();
  await figures.world.create("a");
  await figures.world.clock.advance(2_000);
  figures.lives.noteAnnounce(idOf(figures, "a"), 1e15);
  await figures.world.announce("a");
  figures.lives.noteAnnounce(idOf(figures, "a"), 1e15);
  await figures.world.announce("a");
  const agent = [phase("agent", "sum"), phase("agent", "count")];
  assert.deepEqual(await figures.values(...agent), [2, 1]);
});

Deno.test("VmLives counts starts that fail and that are cancelled, once each", async () => {
  await using figures = await metricsWorld();
  const { world, values } = figures;
  world.runtime.bootFailure = new Error("no");
  await assert.rejects(world.create("a"));
  assert.deepEqual(await values(...STARTS), [0, 1, 0]);
  world.runtime.bootFailure = null;
  await world.create("b");
  await world.fleet.delete("b");
  assert.deepEqual(await values(...STARTS), [0, 1, 1]);
  await world.create("c");
  await world.announce("c");
  await world.fleet.stop("c", 0);
  await world.fleet.start("c");
  await world.announce("c");
  await world.fleet.delete("c");
  assert.deepEqual(await values(...STARTS), [2, 1, 1]);
  assert.deepEqual(await values(phase("prepare", "count"), phase("boot", "count")), [2, 2]);
});

Deno.test("VmLives counts crashes by their cause", async (t) => {
  const stories: [string, (figures: MetricsWorld) => Promise<void>][] = [
    ["process_exit", ({ world }) => Promise.resolve(world.runtime.machines[0]?.exit())],
    ["out_of_memory", (figures) => {
      figures.world.starved.add(idOf(figures, "a"));
      return Promise.resolve(figures.world.runtime.machines[0]?.exit());
    }],
    ["guest_panic", ({ world }) => Promise.resolve(world.runtime.machines[0]?.exit("guest_panic"))],
    ["boot_timeout", ({ world }) => world.clock.advance(BOOT_TIMEOUT_MS)],
    ["network_lost", async (figures) => {
      const id = idOf(figures, "a");
      figures.world.taps.delete(id);
      await figures.world.fleet.loseTap(id);
    }],
    ["not_started", async ({ world }) => {
      await world.fleet.stop("a", 0);
      world.runtime.createFailure = new Error("no");
      await assert.rejects(world.fleet.start("a"));
    }],
    ["gone", async ({ world }) => {
      const machine = world.runtime.machines[0]!;
      machine.isGone = true;
      await world.reopen().recover();
    }],
  ];
  for (const [cause, happen] of stories) {
    await t.step(cause, async () => {
      await using figures = await metricsWorld();
      const { world, values } = figures;
      await world.create("a");
      await happen(figures);
      await until("the crash", () => world.rows.byName("a")?.status === "crashed");
      assert.deepEqual(await values(crashes(cause)), [1]);
      const [all] = await values('viper_events_total{type="VM_CRASHED"}');
      assert.equal(all, 1);
    });
  }
});
