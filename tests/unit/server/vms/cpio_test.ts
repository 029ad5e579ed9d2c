/** Archives, unpacked by the system's own cpio: the judge is not our reading of the format. */
import assert from "node:assert/strict";
import { cpioArchive, type CpioEntry } from "../../../../server/vms/cpio.ts";
import { cpio } from "./system_cpio.ts";

const FILES = Array.from({ length: 10 }, (_, size): CpioEntry => ({
  path: `viper/${"n".repeat(size + 1)}`,
  mode: size % 2 === 0 ? 0o600 : 0o755,
  data: Uint8Array.from({ length: size }, (_, at) => 250 + at),
}));
const ENTRIES: readonly CpioEntry[] = [{ path: "viper", mode: 0o700 }, ...FILES];

Deno.test("cpioArchive() lists its entries in order for cpio -it", async () => {
  const listed = await cpio(["-it", "--quiet"], cpioArchive(ENTRIES), "/");
  assert.deepEqual(listed.trim().split("\n"), ENTRIES.map(({ path }) => path));
});

Deno.test("cpioArchive() is unpacked with modes and content kept, sizes 0 to 9", async () => {
  const folder = await Deno.makeTempDir({ prefix: "viper-cpio-" });
  try {
    await cpio(["-idm", "--quiet"], cpioArchive(ENTRIES), folder);
    for (const { path, mode, data } of ENTRIES) {
      const info = await Deno.lstat(`${folder}/${path}`);
      assert.equal((info.mode ?? 0) & 0o7777, mode, path);
      assert.equal(info.isDirectory, data === undefined, path);
      if (data !== undefined) assert.deepEqual(await Deno.readFile(`${folder}/${path}`), data);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("cpioArchive() has a length that is a multiple of 4, whatever is in it", () => {
  for (const entry of FILES) assert.equal(cpioArchive([entry]).length % 4, 0);
  assert.equal(cpioArchive([]).length % 4, 0);
});
