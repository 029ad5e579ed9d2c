/** Named profiles: made, read, saved and deleted, with the key that they need and without it. */
import assert from "node:assert/strict";
import { PROFILE_BYTES_MAX } from "../../../../protocol/profile_contents.ts";
import { contentsOf, profileWorld } from "./profile_world.ts";

Deno.test("Profiles keep what they hold, sealed, and tell figures of it alone", async () => {
  await using world = await profileWorld();
  const { profiles } = world;
  const made = await profiles.create({ name: "work", contents: contentsOf("s3cret") });
  const { created_at: _at, updated_at: _to, size_bytes, ...told } = made;
  assert.deepEqual(told, { name: "work", version: 1, cookies: 1, origins: 1, vms: [] });
  assert.ok(size_bytes > 100);
  assert.deepEqual(await profiles.read("work"), contentsOf("s3cret"));
  await profiles.save("work", contentsOf("n3xt"));
  assert.deepEqual(await profiles.read("work"), contentsOf("n3xt"));
  assert.equal(profiles.get("work").version, 2);
  const stored = JSON.stringify(
    world.db.all("SELECT *, hex(sealed) AS told FROM profiles"),
    (_, value) => value instanceof Uint8Array ? new TextDecoder("latin1").decode(value) : value,
  );
  assert.ok(!/s3cret|n3xt|example/.test(stored), stored);
  assert.ok(!JSON.stringify(profiles.list()).includes("example"));
});

Deno.test("Profiles seal the same contents into other bytes each time", async () => {
  await using world = await profileWorld();
  const { profiles } = world;
  await profiles.create({ name: "a", contents: contentsOf("x") });
  await profiles.create({ name: "b", contents: contentsOf("x") });
  const rows = world.db.all<{ sealed: string }>("SELECT hex(sealed) AS sealed FROM profiles");
  const [one = "", other = ""] = rows.map(({ sealed }) => sealed);
  assert.notEqual(one.slice(2, 26), other.slice(2, 26), "nonces");
  assert.notEqual(one.slice(26), other.slice(26));
});

Deno.test("Profiles.create() refuses a name twice and too much, and changes nothing", async () => {
  await using world = await profileWorld();
  const { profiles } = world;
  await profiles.create({ name: "work", contents: contentsOf("x") });
  const before = JSON.stringify(profiles.list());
  const again = profiles.create({ name: "work", contents: contentsOf("y") });
  await assert.rejects(again, { code: "profile_exists" });
  const big = { ...contentsOf("x"), origins: [] };
  big.left_out.push({ origin: "", what: "x".repeat(PROFILE_BYTES_MAX), reason: "" });
  const large = profiles.create({ name: "big", contents: big });
  await assert.rejects(large, { code: "profile_too_large" });
  await assert.rejects(profiles.save("work", big), { code: "profile_too_large" });
  assert.equal(JSON.stringify(profiles.list()), before);
  assert.deepEqual(await profiles.read("work"), contentsOf("x"));
});

Deno.test("Profiles.create() refuses one too many", async () => {
  await using world = await profileWorld();
  const { profiles, db } = world;
  await profiles.create({ name: "first", contents: contentsOf("x") });
  db.withTx(() => {
    for (let at = 1; at < 1_000; at++) {
      db.run(
        `INSERT INTO profiles (id, name, version, key_id, size_bytes, cookies, origins, created_at,
          updated_at, sealed) SELECT ?, ?, 1, key_id, 0, 0, 0, '', '', x'00' FROM profiles
          WHERE name = 'first'`,
        ...[`id-${at}`, `p-${at}`],
      );
    }
  });
  const more = profiles.create({ name: "more", contents: contentsOf("x") });
  await assert.rejects(more, { code: "profile_limit_reached" });
});

Deno.test("Profiles of a name that there is not are not found", async () => {
  await using world = await profileWorld();
  const { profiles } = world;
  const missing = { code: "profile_not_found", message: 'Cannot find profile "none"' };
  assert.throws(() => profiles.get("none"), missing);
  assert.throws(() => profiles.delete("none"), missing);
  await assert.rejects(profiles.read("none"), missing);
  await assert.rejects(profiles.save("none", contentsOf("x")), missing);
});

/** What may have become of the key file. */
const KEYS: readonly [string, (path: string) => void, string][] = [
  ["lost", (path) => Deno.removeSync(path), "profile_key_missing"],
  ["damaged", (path) => Deno.writeTextFileSync(path, "no key"), "profile_key_missing"],
  ["open to others", (path) => Deno.chmodSync(path, 0o644), "profile_key_missing"],
  ["another", (path) => Deno.writeTextFileSync(path, "0".repeat(64)), "profile_key_wrong"],
];

for (const [title, change, code] of KEYS) {
  Deno.test(`Profiles with a key that is ${title} are refused, and lose nothing`, async () => {
    await using world = await profileWorld();
    const { profiles, keyPath } = world;
    await profiles.create({ name: "work", contents: contentsOf("x") });
    const key = Deno.readTextFileSync(keyPath);
    const before = JSON.stringify(profiles.list());
    change(keyPath);
    await assert.rejects(profiles.read("work"), { code });
    await assert.rejects(profiles.save("work", contentsOf("y")), { code });
    await assert.rejects(profiles.create({ name: "more", contents: contentsOf("y") }), { code });
    assert.equal(JSON.stringify(profiles.list()), before);
    Deno.writeTextFileSync(keyPath, key, { mode: 0o600 });
    Deno.chmodSync(keyPath, 0o600);
    assert.deepEqual(await profiles.read("work"), contentsOf("x"));
  });
}

Deno.test("Profiles make a new key only while there is no profile", async () => {
  await using world = await profileWorld();
  const { profiles, keyPath } = world;
  await profiles.create({ name: "work", contents: contentsOf("x") });
  profiles.delete("work");
  Deno.removeSync(keyPath);
  await profiles.create({ name: "work", contents: contentsOf("y") });
  assert.deepEqual(await profiles.read("work"), contentsOf("y"));
});

Deno.test("Profiles.read() tells bytes that are another's, an older version's or changed", async () => {
  await using world = await profileWorld();
  const { profiles, db } = world;
  await profiles.create({ name: "a", contents: contentsOf("x") });
  await profiles.create({ name: "b", contents: contentsOf("y") });
  const damaged = { code: "profile_damaged", message: /^Cannot read profile "a": it is not what/ };
  const changes = [
    "UPDATE profiles SET sealed = (SELECT sealed FROM profiles WHERE name = 'b') WHERE name = 'a'",
    "UPDATE profiles SET version = 2 WHERE name = 'a'",
    "UPDATE profiles SET sealed = x'01' WHERE name = 'a'",
    "UPDATE profiles SET sealed = x'' WHERE name = 'a'",
  ];
  for (const change of changes) {
    db.run("SAVEPOINT before");
    db.run(change);
    await assert.rejects(profiles.read("a"), damaged, change);
    db.run("ROLLBACK TO before");
    db.run("RELEASE before");
  }
  assert.deepEqual(await profiles.read("a"), contentsOf("x"));
});

Deno.test("Profiles.noteSaveError() stands until the next save", async () => {
  await using world = await profileWorld();
  const { profiles } = world;
  await profiles.create({ name: "work", contents: contentsOf("x") });
  profiles.noteSaveError("work", "no answer");
  assert.equal(profiles.get("work").save_error, "no answer");
  await profiles.save("work", contentsOf("y"));
  assert.equal(profiles.get("work").save_error, undefined);
});
