/** The key file of the daemon's own user: made, kept, and made anew when it is of no use. */
import assert from "node:assert/strict";
import { keepAdminKey } from "../../../../server/keys/admin_key.ts";
import { keyWorld } from "./key_world.ts";

async function withFile(
  body: (world: ReturnType<typeof keyWorld>, path: string, keep: () => Promise<string>) => unknown,
): Promise<void> {
  using world = keyWorld();
  const folder = await Deno.makeTempDir({ prefix: "viper-key-" });
  try {
    const path = `${folder}/admin.key`;
    await body(world, path, async () => {
      await keepAdminKey(world.keys, world.host, path);
      assert.equal((Deno.lstatSync(path).mode ?? 0) & 0o777, 0o600);
      const key = Deno.readTextFileSync(path).trim();
      assert.equal(world.keys.verify(key)?.role, "admin");
      assert.ok(!world.log.join().includes(key.slice(21)), "the log has no key");
      return key;
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("keepAdminKey() makes a key and keeps it", () =>
  withFile(async (world, path, keep) => {
    const key = await keep();
    Deno.chmodSync(path, 0o644);
    assert.equal(await keep(), key);
    assert.equal(world.keys.list().length, 1);
  }));

Deno.test("keepAdminKey() makes a new key when the file is lost, and ends the old one", () =>
  withFile(async (world, path, keep) => {
    const key = await keep();
    Deno.removeSync(path);
    assert.notEqual(await keep(), key);
    assert.equal(world.keys.verify(key), null);
    assert.equal(world.keys.list().length, 1);
  }));

Deno.test("keepAdminKey() makes a new key when the key was deleted or is no admin's", () =>
  withFile(async (world, path, keep) => {
    const key = await keep();
    world.keys.delete(world.keys.list()[0]?.id ?? "");
    assert.notEqual(await keep(), key);
    Deno.writeTextFileSync(path, world.keys.create({ name: "v", role: "viewer" }).key);
    await keep();
    Deno.writeTextFileSync(path, "");
    await keep();
    assert.deepEqual(world.keys.list().map(({ name }) => name).sort(), ["(local)", "v"]);
  }));
