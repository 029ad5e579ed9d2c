/** API keys: made, shown once, taken, and no longer taken. */
import assert from "node:assert/strict";
import { keyWorld } from "./key_world.ts";

Deno.test("ApiKeys.create() shows a key of 256 random bits once and stores its hash", () => {
  using world = keyWorld();
  const { key, ...shown } = world.keys.create({ name: "ci", role: "operator" });
  assert.match(key, /^vpr_[0-9a-f]{16}_[A-Za-z0-9_-]{43}$/);
  assert.deepEqual(world.keys.list(), [shown]);
  assert.equal(shown.created_at, "2024-01-01T00:00:00.000Z");
  const stored = JSON.stringify(world.db.all("SELECT * FROM api_keys"));
  assert.ok(!stored.includes(key.slice(21)));
  assert.match(stored, /"secret_sha256":"[0-9a-f]{64}"/);
  assert.notEqual(world.keys.create({ name: "other", role: "viewer" }).key, key);
});

Deno.test("ApiKeys.verify() says whose key it is", () => {
  using world = keyWorld();
  const { key, id } = world.keys.create({ name: "ci", role: "viewer" });
  const principal = { role: "viewer", name: "ci", keyId: id, via: "key" };
  assert.deepEqual(world.keys.verify(key), principal);
});

Deno.test("ApiKeys.verify() takes nothing that is no key", () => {
  using world = keyWorld();
  const { key, id } = world.keys.create({ name: "ci", role: "admin" });
  const other = world.keys.create({ name: "other", role: "admin" });
  const wrong = [
    ...["", id, `vpr_${id}_`, key.slice(0, -1), `${key}A`, ` ${key}`, `${key}\n`, key.slice(4)],
    ...[`vpr_${"0".repeat(16)}_${key.slice(21)}`, `vpr_${id}_${other.key.slice(21)}`],
    `vpr_${id}_${"A".repeat(43)}`,
  ];
  for (const text of wrong) assert.equal(world.keys.verify(text), null, JSON.stringify(text));
});

Deno.test("ApiKeys.verify() takes a key until it expires", async () => {
  using world = keyWorld();
  const { key, id, expires_at } = world.keys.create({ name: "a", role: "viewer", ttlMs: 1_000 });
  assert.equal(expires_at, "2024-01-01T00:00:01.000Z");
  await world.clock.advance(999);
  assert.ok(world.keys.verify(key));
  assert.ok(world.keys.isValid(id));
  await world.clock.advance(1);
  assert.equal(world.keys.verify(key), null);
  assert.ok(!world.keys.isValid(id));
});

Deno.test("ApiKeys.delete() ends a key at once, and only one that there is", () => {
  using world = keyWorld();
  const { key, id } = world.keys.create({ name: "a", role: "viewer" });
  world.keys.delete(id);
  assert.equal(world.keys.verify(key), null);
  assert.throws(() => world.keys.delete(id), { code: "key_not_found" });
});

Deno.test("ApiKeys.create() refuses a name twice and a key too many, and changes nothing", () => {
  using world = keyWorld();
  world.keys.create({ name: "key-0", role: "viewer" });
  assert.throws(() => world.keys.create({ name: "key-0", role: "admin" }), { code: "key_exists" });
  world.db.withTx(() => {
    for (let at = 1; at < 1_000; at++) world.keys.create({ name: `key-${at}`, role: "viewer" });
  });
  const before = world.keys.list();
  assert.throws(() => world.keys.create({ name: "more", role: "viewer" }), {
    code: "key_limit_reached",
  });
  assert.deepEqual(world.keys.list(), before);
});

Deno.test("ApiKeys writes a key's last use down once a minute", async () => {
  using world = keyWorld();
  const { key } = world.keys.create({ name: "a", role: "viewer" });
  const uses: (string | undefined)[] = [world.keys.list()[0]?.last_used_at];
  for (let at = 0; at < 3; at++) {
    world.keys.verify(key);
    uses.push(world.keys.list()[0]?.last_used_at);
    await world.clock.advance(30_000);
  }
  assert.deepEqual(uses.map((use) => use?.slice(14, 19)), [undefined, "00:00", "00:00", "01:00"]);
});
