/** Lines of guests over real files and a real database: masked, bounded, followed without loss. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { denoHost } from "../../../../host/deno_host.ts";
import { EventBus } from "../../../../server/events/bus.ts";
import { LOG_FILE_BYTES_MAX } from "../../../../server/logs/line_file.ts";
import { sweepLogs } from "../../../../server/logs/log_files.ts";
import {
  LOG_BYTES_AT_ONCE_MAX,
  LOG_BYTES_PER_SECOND_MAX,
  VmLogs,
} from "../../../../server/logs/vm_logs.ts";
import { Database } from "../../../../server/store/database.ts";
import { FakeClock } from "../../../fake_clock.ts";
import { namesIn } from "../vms/fleet_world.ts";

const ID = "00000000-0000-4000-8000-000000000001";
const VM = { id: ID, name: "one", status: "running" } as const;
const OTHER = { ...VM, id: "00000000-0000-4000-8000-000000000002" } as const;

async function logsWorld() {
  const logDir = await Deno.makeTempDir({ prefix: "viper-logs-" });
  const clock = new FakeClock();
  const host = { ...denoHost({ log: () => {} }), clock };
  const db = Database.open(":memory:");
  const bus = new EventBus(db, clock.now);
  const logs = new VmLogs({ host, bus, logDir });
  return {
    ...{ logDir, clock, host, bus, logs },
    take: (...lines: string[]) =>
      logs.take(VM, lines.map((line) => ({ stream: "browser" as const, line }))),
    texts: async (count = 100_000) => (await logs.tail(ID, count)).lines.map(({ line }) => line),
    [Symbol.asyncDispose]: async () => {
      await logs[Symbol.asyncDispose]();
      db[Symbol.dispose]();
      await Deno.remove(logDir, { recursive: true });
    },
  };
}

const ESCAPES: [line: string, plain: string][] = [
  ["\x1b[31mred\x1b[0m", "red"],
  ["a\rb\x00c\x07", "abc"],
  ["\x1b]0;title\x07text", "text"],
  ["tab\tstays, é and 日本, too", "tab\tstays, é and 日本, too"],
  ["\x9b31m", "31m"],
  ["\x1b", ""],
  ["Cookie: a=b", "Cookie: ***"],
  ["Coo\x1b[0mkie: a=b", "Cookie: ***"],
];
for (const [line, plain] of ESCAPES) {
  Deno.test(`VmLogs keeps ${JSON.stringify(line)} as ${JSON.stringify(plain)}`, async () => {
    await using world = await logsWorld();
    world.take(line);
    assert.deepEqual(await world.texts(), [plain]);
    assert.ok(!Deno.readTextFileSync(`${world.logDir}/${ID}.browser.log`).includes("\x1b"));
  });
}

Deno.test("VmLogs keeps each stream in a file of mode 0600 and tails them by their times", async () => {
  await using world = await logsWorld();
  world.logs.take(VM, [{ stream: "agent", line: "1" }]);
  await world.clock.advance(1);
  world.logs.take(VM, [{ stream: "browser", line: "2" }]);
  await world.clock.advance(1);
  world.logs.take(VM, [{ stream: "console", line: "3" }, { stream: "agent", line: "4" }]);
  assert.deepEqual((await world.texts()).slice(0, 2), ["1", "2"]);
  assert.deepEqual((await world.logs.tail(ID, 2)).lines.length, 2);
  const { lines } = await world.logs.tail(ID, 9, "agent");
  assert.deepEqual(lines, [
    { stream: "agent", line: "1", timestamp: "2024-01-01T00:00:00.000Z" },
    { stream: "agent", line: "4", timestamp: "2024-01-01T00:00:00.002Z" },
  ]);
  const names = ["agent", "browser", "console"].map((stream) => `${ID}.${stream}.log`);
  assert.deepEqual(namesIn(world.logDir), names);
  for (const name of names) {
    assert.equal((Deno.statSync(`${world.logDir}/${name}`).mode ?? 0) & 0o777, 0o600);
  }
});

Deno.test("VmLogs takes a guest's time when it is near and not ahead, else its own", async () => {
  await using world = await logsWorld();
  await world.clock.advance(100_000);
  const rows: [given: string, kept: string][] = [
    ["2024-01-01T00:01:39.000Z", "2024-01-01T00:01:39.000Z"],
    ["2024-01-01T00:01:41.000Z", "2024-01-01T00:01:40.000Z"],
    ["2024-01-01T00:00:01.000Z", "2024-01-01T00:01:40.000Z"],
    ["1970-01-01T00:00:00.000Z", "2024-01-01T00:01:40.000Z"],
  ];
  for (const [timestamp] of rows) world.logs.take(VM, [{ stream: "agent", line: "", timestamp }]);
  const { lines } = await world.logs.tail(ID, 9, "agent");
  assert.deepEqual(lines.map(({ timestamp }) => timestamp), rows.map(([, kept]) => kept));
});

Deno.test("VmLogs bounds its files, whatever a guest writes", async () => {
  await using world = await logsWorld();
  const line = "x".repeat(3_000);
  for (let n = 0; n < 60; n++) {
    world.take(...Array(100).fill(line));
    await world.clock.advance(10_000);
    await world.texts(1);
  }
  for (const name of namesIn(world.logDir)) {
    const { size } = Deno.statSync(`${world.logDir}/${name}`);
    assert.ok(size < LOG_FILE_BYTES_MAX + LOG_BYTES_AT_ONCE_MAX * 2, `${name}: ${size}`);
  }
  assert.deepEqual(namesIn(world.logDir).length, 2);
});

Deno.test("VmLogs drops what is over the rate, says how much, and lets other VMs be", async () => {
  await using world = await logsWorld();
  world.take(...Array(10_000).fill("x"));
  const kept = (await world.texts()).length;
  assert.ok(kept < 10_000 && kept <= LOG_BYTES_AT_ONCE_MAX / 100, String(kept));
  world.logs.take(OTHER, [{ stream: "agent", line: "heard" }]);
  assert.equal((await world.logs.tail(OTHER.id, 1)).lines[0]?.line, "heard");
  await world.clock.advance(1_000);
  world.take("later");
  assert.deepEqual((await world.texts()).slice(-2), [`lines dropped: ${10_000 - kept}`, "later"]);
  world.take(...Array(10_000).fill("x"));
  const more = (await world.texts()).length - kept - 2;
  assert.ok(more <= LOG_BYTES_PER_SECOND_MAX / 100, String(more));
});

Deno.test("VmLogs tells what an agent had no room for, after the lines that it had", async () => {
  await using world = await logsWorld();
  world.logs.take(VM, [{ stream: "browser", line: "last" }], 7);
  world.logs.take(VM, [], 3);
  const { lines } = await world.logs.tail(ID, 9, "agent");
  assert.deepEqual(lines.map(({ line }) => line), ["lines dropped: 7", "lines dropped: 3"]);
});

Deno.test("VmLogs.follow() after a tail loses no line and repeats none", async () => {
  const batches = fc.array(fc.nat(4), { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(batches, fc.nat(11), async (sizes, tailAt) => {
      await using world = await logsWorld();
      const stop = new AbortController();
      const seen: string[] = [];
      const expected: string[] = [];
      let reading: Promise<void> = Promise.resolve();
      for (const [at, size] of sizes.entries()) {
        if (at === Math.min(tailAt, sizes.length - 1)) {
          reading = world.logs.tail(ID, 5_000).then(async ({ lines, seq }) => {
            seen.push(...lines.map(({ line }) => line));
            if (seen.at(-1) === "end") return;
            for await (const told of world.logs.follow(ID, seq, stop.signal)) {
              seen.push("line" in told ? told.line.line : "gap");
              if (seen.at(-1) === "end") break;
            }
          });
        }
        const lines = Array.from({ length: size }, (_, n) => `${at}.${n}`);
        expected.push(...lines);
        world.take(...lines);
        world.logs.take(OTHER, [{ stream: "agent", line: "of another VM" }]);
        await Promise.resolve();
      }
      world.take("end");
      await reading;
      stop.abort();
      assert.deepEqual(seen, [...expected, "end"]);
    }),
    { numRuns: 25 },
  );
});

Deno.test("VmLogs.forget() removes all of a VM's files and no other's", async () => {
  await using world = await logsWorld();
  world.take("one");
  world.logs.take(OTHER, [{ stream: "agent", line: "two" }]);
  await world.logs.tail(OTHER.id, 1);
  await world.logs.forget(ID);
  await world.logs.forget(ID);
  assert.deepEqual(namesIn(world.logDir), [`${OTHER.id}.agent.log`]);
});

Deno.test("sweepLogs() removes the logs of VMs without a row, and nothing that is not a VM's", async () => {
  await using world = await logsWorld();
  world.take("one");
  world.logs.take(OTHER, [{ stream: "agent", line: "two" }]);
  await world.logs.tail(OTHER.id, 1);
  await world.texts();
  Deno.writeTextFileSync(`${world.logDir}/notes.txt`, "");
  await sweepLogs(world.host, world.logDir, (id) => id === OTHER.id);
  assert.deepEqual(namesIn(world.logDir), [`${OTHER.id}.agent.log`, "notes.txt"]);
});
