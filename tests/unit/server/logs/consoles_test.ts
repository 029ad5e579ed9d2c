/** Consoles as files that somebody appends to and empties, read in steps of the clock. */
import assert from "node:assert/strict";
import { denoHost } from "../../../../host/deno_host.ts";
import type { VmStatus } from "../../../../protocol/vms.ts";
import { CONSOLE_READ_BYTES_MAX, readConsoles } from "../../../../server/logs/consoles.ts";
import { FakeClock } from "../../../fake_clock.ts";
import { until } from "../../../until.ts";

async function consoleWorld() {
  const folder = await Deno.makeTempDir({ prefix: "viper-console-" });
  const clock = new FakeClock();
  const vm = { id: "id", name: "one", status: "running" as VmStatus };
  let vms = [vm];
  const lines: string[] = [];
  const forgotten: string[] = [];
  const path = `${folder}/id.serial`;
  const open = () =>
    readConsoles({
      host: { ...denoHost({ log: () => {} }), clock },
      logs: {
        take: (_vm, taken) => void lines.push(...taken.map(({ line }) => line)),
        forget: (id) => Promise.resolve(void forgotten.push(id)),
      },
      vms: () => vms,
      fileOf: () => path,
    });
  return {
    ...{ path, lines, forgotten, vm, open },
    remove: () => vms = [],
    print: (text: string) => Deno.writeTextFileSync(path, text, { append: true }),
    /** One more look at the consoles. */
    look: async () => {
      await until("the reader to pause", () => clock.pending > 0);
      await clock.advance(1_000);
      await until("the reader to pause", () => clock.pending > 0);
    },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

Deno.test("readConsoles() takes whole lines, from the first one on and once", async () => {
  await using world = await consoleWorld();
  await using _reader = world.open();
  await world.look();
  world.print("one\ntw");
  await world.look();
  assert.deepEqual(world.lines, ["one"]);
  world.print("o\r\nthree\n");
  await world.look();
  await world.look();
  assert.deepEqual(world.lines, ["one", "two\r", "three"]);
});

Deno.test("readConsoles() goes on where an earlier daemon stopped", async () => {
  await using world = await consoleWorld();
  world.print("one\n");
  {
    await using _reader = world.open();
    await world.look();
  }
  world.print("two\n");
  await using _reader = world.open();
  await world.look();
  assert.deepEqual(world.lines, ["one", "two"]);
});

Deno.test("readConsoles() begins anew with a console that was emptied", async () => {
  await using world = await consoleWorld();
  await using _reader = world.open();
  world.print("a long line of a console\n");
  await world.look();
  Deno.writeTextFileSync(world.path, "new\n");
  await world.look();
  assert.deepEqual(world.lines, ["a long line of a console", "new"]);
});

Deno.test("readConsoles() leaves out what it cannot keep up with, and says so", async () => {
  await using world = await consoleWorld();
  world.print(`${"x".repeat(99)}\n`.repeat(CONSOLE_READ_BYTES_MAX / 50));
  await using _reader = world.open();
  await world.look();
  assert.match(world.lines[0] ?? "", /^bytes left out: \d+$/);
  assert.ok(world.lines.join("\n").length < CONSOLE_READ_BYTES_MAX + 100);
});

Deno.test("readConsoles() reads the last words of a VM that has ended, then no more", async () => {
  await using world = await consoleWorld();
  await using _reader = world.open();
  await world.look();
  world.print("panic");
  world.vm.status = "crashed";
  await world.look();
  assert.deepEqual(world.lines, ["panic"]);
  world.print("nobody reads this\n");
  await world.look();
  assert.deepEqual(world.lines, ["panic"]);
});

Deno.test("readConsoles() has the logs of a VM that is gone forgotten, once", async () => {
  await using world = await consoleWorld();
  await using _reader = world.open();
  await world.look();
  world.remove();
  await world.look();
  await world.look();
  assert.deepEqual(world.forgotten, ["id"]);
});
