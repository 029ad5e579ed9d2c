/** Goal: what is remembered of permissions is what was said last, and no more than there may be. */
import assert from "node:assert/strict";
import { type Permission, Permissions } from "../../../../agent/emulation/permissions.ts";
import { PERMISSIONS_MAX } from "../../../../protocol/storage.ts";

const permission = (name: string, state: Permission["state"], origin = "*"): Permission => ({
  ...{ name, origin, state },
});

Deno.test("Permissions keep the last word on each, in the order of the last words", () => {
  const permissions = new Permissions();
  permissions.remember(permission("midi", "denied", "https://a.test"));
  permissions.remember(permission("midi", "granted"));
  permissions.remember(permission("midi", "prompt", "https://a.test"));
  assert.deepEqual(permissions.list(), [
    permission("midi", "granted"),
    permission("midi", "prompt", "https://a.test"),
  ]);
  permissions.clear();
  assert.deepEqual(permissions.list(), []);
});

Deno.test("Permissions take no more than there may be, and changes of those", () => {
  const permissions = new Permissions();
  for (let at = 0; at < PERMISSIONS_MAX; at++) {
    permissions.assertRoomFor(permission(`p${at}`, "granted"), "set it");
    permissions.remember(permission(`p${at}`, "granted"));
  }
  permissions.assertRoomFor(permission("p0", "denied"), "set it");
  assert.throws(() => permissions.assertRoomFor(permission("more", "granted"), "set it"), {
    code: "permission_limit_reached",
    message: `Cannot set it: there are ${PERMISSIONS_MAX} permissions`,
  });
});
