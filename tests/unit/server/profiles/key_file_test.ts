/** The key file: made once, kept, and not taken when it is not what it should be. */
import assert from "node:assert/strict";
import { KeyFile } from "../../../../server/profiles/key_file.ts";
import { quiet } from "./profile_world.ts";

async function withFolder(body: (path: string, file: KeyFile) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "viper-key-file-" });
  try {
    await body(`${folder}/profiles.key`, new KeyFile(`${folder}/profiles.key`, quiet));
    const left = [...Deno.readDirSync(folder)].map(({ name }) => name);
    assert.ok(left.length <= 2, `left: ${left}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("KeyFile.readOrMake() makes one key, which only its owner reads, however many ask", () =>
  withFolder(async (path, file) => {
    const keys = await Promise.all([1, 2, 3].map(() => file.readOrMake("test")));
    assert.equal(new Set(keys.map(({ id }) => id)).size, 1);
    assert.match(Deno.readTextFileSync(path), /^[0-9a-f]{64}\n$/);
    assert.equal((Deno.lstatSync(path).mode ?? 0) & 0o777, 0o600);
    assert.equal((await file.read("test")).id, keys[0]?.id);
    assert.ok(!Deno.readTextFileSync(path).includes(keys[0]!.id), "the id does not tell the key");
  }));

Deno.test("KeyFile follows a link to where the key really is", () =>
  withFolder(async (path, file) => {
    const { id } = await file.readOrMake("test");
    Deno.renameSync(path, `${path}.real`);
    Deno.symlinkSync(`${path}.real`, path);
    assert.equal((await file.read("test")).id, id);
  }));

const BAD: readonly [string, (path: string) => void, RegExp][] = [
  ["is not there", () => {}, /Cannot test with the key file ".*": it is not there$/],
  [
    "is empty",
    (path) => Deno.writeTextFileSync(path, "", { mode: 0o600 }),
    /64 hexadecimal digits/,
  ],
  [
    "is cut short",
    (path) => Deno.writeTextFileSync(path, "0".repeat(63), { mode: 0o600 }),
    /64 hexadecimal digits/,
  ],
  [
    "may be read by others",
    (path) => {
      Deno.writeTextFileSync(path, "0".repeat(64));
      Deno.chmodSync(path, 0o640);
    },
    /others may use it; do: chmod 600/,
  ],
  ["is a folder", (path) => Deno.mkdirSync(path, { mode: 0o700 }), /directory/],
];

for (const [title, make, message] of BAD) {
  Deno.test(`KeyFile.read() refuses a file that ${title}, and leaves it so`, () =>
    withFolder(async (path, file) => {
      make(path);
      const refused = { code: "profile_key_missing", message };
      await assert.rejects(file.read("test"), refused);
      if (title !== "is not there") await assert.rejects(file.readOrMake("test"), refused);
    }));
}
