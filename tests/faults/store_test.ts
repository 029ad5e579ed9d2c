/**
 * A disk that is full, and a database that is locked, damaged, or another daemon's: the real daemon
 * refuses with a code or does not start, leaves nothing half done, and the VMs that are there live on.
 */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { IMAGE_FILES } from "../../protocol/images.ts";
import type { ViperError } from "../../protocol/problems.ts";
import { IMAGE_DIR, startDaemon, startStandInDaemon } from "../daemon_process.ts";
import { assertUnchanged, leavingNothing } from "../leaks.ts";
import { privateNetworkMissing } from "../private_network.ts";
import { until } from "../until.ts";
import { StandInRuntime } from "../unit/server/vms/stand_in_runtime.ts";
import { openTestDaemon, quietHost } from "./open_daemon.ts";
import { watchedHost } from "./recording_host.ts";

/** Room for as many VMs' copies of the initramfs, so not for three. */
const RUN_COPIES = 2.6;
/** A request that waits for a lock is answered in a few seconds. */
const LOCKED_ANSWER_MS = 15_000;

const skip = privateNetworkMissing();
if (skip !== null) console.log(`tests of the daemon's disk are skipped: ${skip}`);

Deno.test({
  name: "a create that finds the disk full is refused with disk_full and taken back",
  ignore: skip !== null,
  fn: () =>
    leavingNothing(async (ground) => {
      const state = ground.newFolder();
      Deno.mkdirSync(`${state}/run`);
      const { size } = Deno.statSync(`${IMAGE_DIR}/current/${IMAGE_FILES.initramfs}`);
      const bytes = Math.floor(size * RUN_COPIES);
      // Mounted for the daemon alone, which is all that sees it.
      const mount = `mount -t tmpfs -o size=${bytes} small ${state}/run && exec "$@"`;
      const launcher = ["unshare", "--mount", "sh", "-c", mount, "sh"];
      const flags = ["--runtime", "qemu", "--image-dir", IMAGE_DIR];
      await using daemon = await startDaemon(flags, state, launcher);
      const create = (name: string) => daemon.client.vms.create({ name, memory_mb: 256 });
      await create("a");
      await create("b");
      const before = await ground.traces(daemon);
      await assert.rejects(create("c"), (error: ViperError) => {
        assert.deepEqual([error.code, error.status], ["disk_full", 507]);
        assert.match(error.message, /^Cannot start VM "c": .*No space left on device/);
        return true;
      });
      await assertUnchanged(before, () => ground.traces(daemon));
      const rows = await daemon.client.vms.list({});
      assert.deepEqual(rows.map(({ name, status }) => [name, status]), [
        ["a", "starting"],
        ["b", "starting"],
      ]);
      await daemon.client.vms.delete({ name: "a" });
      assert.equal((await create("c")).ip_address, "192.168.127.2", "there is room again");
    }),
});

Deno.test("a create that meets a locked database is refused with state_locked", async () => {
  await using daemon = await startStandInDaemon();
  await daemon.client.vms.create({ name: "a" });
  {
    using _lock = lockOf(`${daemon.stateDir}/state.db`);
    const startedMs = performance.now();
    const response = await daemon.fetch("/api/v1/vms", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "b" }),
    });
    const { code } = await response.json();
    assert.deepEqual([response.status, code], [503, "state_locked"]);
    assert.ok(Number(response.headers.get("retry-after")) > 0);
    assert.ok(performance.now() - startedMs < LOCKED_ANSWER_MS);
    assert.equal((await daemon.client.vms.get({ name: "a" })).status, "starting");
  }
  assert.deepEqual((await daemon.client.vms.list({})).map(({ name }) => name), ["a"]);
  await daemon.client.vms.create({ name: "b" });
});

Deno.test("a VM whose boot meets a locked database is taken back once that is open", async () => {
  const state = await Deno.makeTempDir({ prefix: "viper-store-" });
  const runtime = new StandInRuntime();
  runtime.traits.network = false;
  let lock: Disposable | null = null;
  const host = watchedHost(quietHost(), ({ label }) => {
    if (label === "vm.create:folder") lock = lockOf(`${state}/state.db`);
  });
  {
    const options = { host, runtimes: [runtime], flags: { guestPort: "0" } };
    await using daemon = await openTestDaemon(state, options);
    await assert.rejects(daemon.client.vms.create({ name: "a" }), { code: "state_locked" });
    assert.deepEqual(runtime.running, [], "its machine has ended");
    lock![Symbol.dispose]();
    const isGone = async () => (await daemon.client.vms.list({})).length === 0;
    await until("the row is gone", isGone);
  }
  await Deno.remove(state, { recursive: true });
});

/** Damages at which a daemon must not start, and what it says then. */
const DAMAGES: readonly [string, (path: string) => void, RegExp][] = [
  [
    "is no database",
    (path) => Deno.writeTextFileSync(path, "A letter, and no database. ".repeat(400)),
    /damaged, or no database; put a copy in its place/,
  ],
  [
    "has lost pages in its middle",
    (path) => {
      using file = Deno.openSync(path, { write: true });
      file.seekSync(8_192, Deno.SeekMode.Start);
      file.writeSync(new Uint8Array(32_768).fill(0xa5));
    },
    /damaged, or no database; put a copy in its place/,
  ],
  [
    "was written by a newer version",
    (path) => {
      using db = new DatabaseSync(path);
      db.exec("PRAGMA user_version = 10000");
    },
    /has schema 10000, and this version of Viper knows \d+; use the newer Viper/,
  ],
];

for (const [title, damage, message] of DAMAGES) {
  Deno.test(`a daemon does not start on a state that ${title}, and leaves it so`, async () => {
    const first = await startStandInDaemon();
    const state = first.stateDir;
    const path = `${state}/state.db`;
    await first.client.vms.create({ name: "a" });
    assert.equal(await first.stop(), 0);
    damage(path);
    const before = Deno.readFileSync(path);
    await assert.rejects(startStandInDaemon({}, state), message);
    assert.deepEqual(Deno.readFileSync(path), before);
    await Deno.remove(state, { recursive: true });
  });
}

Deno.test("a second daemon on the same state does not start and changes nothing", () =>
  leavingNothing(async (ground) => {
    await using daemon = await startStandInDaemon({}, ground.newFolder());
    await daemon.client.vms.create({ name: "a" });
    const before = await ground.traces(daemon);
    await assert.rejects(
      startStandInDaemon({}, daemon.stateDir),
      /another daemon does; stop it, or choose another with --db/,
    );
    assert.deepEqual(await ground.traces(daemon), before);
    assert.equal((await daemon.client.vms.get({ name: "a" })).status, "starting");
    await daemon.client.vms.delete({ name: "a" });
  }));

/** Keeps everybody else from writing, as another program may. */
function lockOf(path: string): Disposable {
  const db = new DatabaseSync(path);
  db.exec("BEGIN EXCLUSIVE");
  return {
    [Symbol.dispose]: () => {
      db.exec("ROLLBACK");
      db.close();
    },
  };
}
