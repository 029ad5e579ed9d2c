/**
 * Goal: what is kept stays within its bounds, whatever order things happen in.
 * Method: what Chrome says, told by hand, on a folder of the test's.
 */
import assert from "node:assert/strict";
import {
  Downloads,
  DOWNLOADS_BYTES_MAX,
  DOWNLOADS_MAX,
} from "../../../../agent/downloads/downloads.ts";
import { until } from "../../../until.ts";
import { denoHost } from "../../../../host/deno_host.ts";

const MB = 1024 * 1024;

/** Downloads whose files are empty, and what was cancelled; the guest has so much memory. */
function world({ totalMb = 8_192, availableMb = 4_096 } = {}) {
  const host = denoHost({ log: () => {} });
  const memory = { totalMb, availableMb };
  const meminfo = () =>
    `MemTotal: ${memory.totalMb * 1024} kB\nMemAvailable: ${memory.availableMb * 1024} kB\n`;
  const files = { ...host.files, readText: () => Promise.resolve(meminfo()) };
  const downloads = new Downloads({ ...host, files });
  const cancelled: string[] = [];
  const begin = (guid: string) =>
    downloads.begin(
      { guid, url: "u", suggestedFilename: "f", frameId: "F" },
      undefined,
      () => cancelled.push(guid),
    );
  const grow = (guid: string, receivedBytes: number, totalBytes = 0) =>
    downloads.progress({ guid, receivedBytes, totalBytes, state: "inProgress" });
  const complete = async (guid: string, bytes: number) => {
    const filePath = `${await downloads.folder()}/${guid}`;
    await Deno.writeTextFile(filePath, "");
    const whole = { receivedBytes: bytes, totalBytes: bytes, state: "completed" as const };
    await downloads.progress({ guid, ...whole, filePath });
  };
  const states = () => downloads.all.map(({ id, state }) => `${id} ${state}`);
  return { downloads, cancelled, begin, grow, complete, states, memory };
}

Deno.test("Downloads lets the oldest that has ended go when there are too many", async () => {
  const { downloads, begin, complete } = world();
  await using _all = downloads;
  begin("under way");
  for (let at = 0; at < DOWNLOADS_MAX; at++) {
    begin(`d${at}`);
    await complete(`d${at}`, 1);
  }
  const ids = downloads.all.map(({ id }) => id);
  assert.deepEqual([ids.length, ids[0], ids[1]], [DOWNLOADS_MAX, "under way", "d1"]);
  assert.equal(downloads.dropped, 1);
});

Deno.test("Downloads ends the one that no room can be made for", async () => {
  const { downloads, begin, cancelled, states } = world();
  await using _all = downloads;
  for (let at = 0; at <= DOWNLOADS_MAX; at++) begin(`d${at}`);
  assert.deepEqual(cancelled, [`d${DOWNLOADS_MAX}`]);
  assert.equal(states().at(-1), `d${DOWNLOADS_MAX} failed`);
});

Deno.test("Downloads makes room for one that grows, and ends it when it alone is too large", async () => {
  const { downloads, begin, grow, complete, cancelled, states } = world();
  await using _all = downloads;
  begin("old");
  await complete("old", DOWNLOADS_BYTES_MAX / 2);
  begin("told");
  await grow("told", 0, DOWNLOADS_BYTES_MAX + 1);
  assert.deepEqual([cancelled, states()], [["told"], ["old completed", "told failed"]]);
  begin("grown");
  await grow("grown", DOWNLOADS_BYTES_MAX / 2 + 1);
  assert.deepEqual(states(), ["told failed", "grown in_progress"]);
  await grow("grown", DOWNLOADS_BYTES_MAX + 1);
  assert.deepEqual(cancelled, ["told", "grown"]);
  assert.deepEqual(states(), ["told failed", "grown failed"]);
});

Deno.test("Downloads keeps a quarter of the guest's memory at most", async () => {
  const { downloads, begin, grow, complete, cancelled, states } = world({ totalMb: 1_024 });
  await using _all = downloads;
  begin("old");
  await complete("old", 100 * MB);
  begin("new");
  await grow("new", 156 * MB);
  assert.deepEqual(states(), ["old completed", "new in_progress"]);
  await grow("new", 157 * MB);
  assert.deepEqual(states(), ["new in_progress"], "the oldest made room");
  await grow("new", 0, 257 * MB);
  assert.deepEqual([cancelled, states()], [["new"], ["new failed"]]);
  const bytes = 256 * MB;
  assert.equal(
    downloads.all.at(-1)?.reason,
    `it may have ${bytes} bytes, as all downloads together`,
  );
});

Deno.test("Downloads ends one that is larger than half of what was available as it began", async () => {
  const { downloads, begin, grow, cancelled, memory } = world({ availableMb: 200 });
  await using _all = downloads;
  begin("first");
  await grow("first", 1 * MB);
  memory.availableMb = 20;
  begin("second");
  await grow("first", 100 * MB);
  await grow("second", 10 * MB);
  assert.deepEqual(cancelled, []);
  await grow("second", 10 * MB + 1);
  await grow("first", 100 * MB + 1);
  assert.deepEqual(cancelled, ["second", "first"]);
  const half = (bytes: number) =>
    `it may have ${bytes} bytes, half of the memory that was available as it began`;
  assert.deepEqual(downloads.all.map(({ reason }) => reason), [half(100 * MB), half(10 * MB)]);
});

Deno.test("Downloads has a file of a client's, too, and removes both", async () => {
  const { downloads, begin } = world();
  await using _all = downloads;
  const elsewhere = await Deno.makeTempDir();
  const filePath = `${elsewhere}/a`;
  await Deno.writeTextFile(filePath, "x");
  begin("a");
  const whole = { receivedBytes: 1, totalBytes: 1, state: "completed" as const, filePath };
  await Promise.all([
    downloads.progress({ guid: "a", ...whole }),
    downloads.progress({ guid: "a", ...whole }),
  ]);
  assert.equal(await Deno.readTextFile(await downloads.pathOf("a", "read")), "x");
  await downloads.delete("a", "delete");
  assert.deepEqual([...Deno.readDirSync(elsewhere)], []);
  assert.deepEqual([...Deno.readDirSync(await downloads.folder())], []);
  await Deno.remove(elsewhere);
});

Deno.test("Downloads fails what is whole and cannot be kept", async () => {
  const { downloads, begin, states } = world();
  await using _all = downloads;
  begin("a");
  const whole = { receivedBytes: 1, totalBytes: 1, state: "completed" as const };
  await downloads.progress({ guid: "a", ...whole, filePath: "/nowhere/a" });
  assert.deepEqual(states(), ["a failed"]);
});

Deno.test("Downloads keeps no file that was too large before it was told of", async () => {
  const { downloads, begin, complete, states } = world();
  await using _all = downloads;
  begin("sudden");
  await complete("sudden", DOWNLOADS_BYTES_MAX + 1);
  assert.deepEqual(states(), ["sudden failed"]);
  const path = `${await downloads.folder()}/sudden`;
  const isThere = () => Deno.stat(path).then(() => true, () => false);
  await until("its file to go", async () => !await isThere());
});

Deno.test("Downloads calls none complete whose Chrome ended as it was taken over", async () => {
  const { downloads, begin, states } = world();
  await using _all = downloads;
  begin("late");
  const filePath = `${await downloads.folder()}/late`;
  await Deno.writeTextFile(filePath, "");
  const whole = { receivedBytes: 1, totalBytes: 1, state: "completed" as const };
  const completing = downloads.progress({ guid: "late", ...whole, filePath });
  downloads.failAll("Chrome has ended");
  await completing;
  assert.deepEqual(states(), ["late failed"]);
});
