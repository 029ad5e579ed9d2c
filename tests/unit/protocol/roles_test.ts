import assert from "node:assert/strict";
import { roleOf } from "../../../protocol/operation.ts";
import { allows, type Role } from "../../../protocol/roles.ts";

const ALLOWED: Readonly<Record<Role, readonly Role[]>> = {
  viewer: ["viewer"],
  operator: ["viewer", "operator"],
  admin: ["viewer", "operator", "admin"],
};

for (const [held, allowed] of Object.entries(ALLOWED) as [Role, readonly Role[]][]) {
  Deno.test(`allows() lets ${held} do what ${allowed.join(", ")} may and nothing else`, () => {
    const roles: Role[] = ["viewer", "operator", "admin"];
    assert.deepEqual(roles.filter((needed) => allows(held, needed)), allowed);
  });
}

Deno.test("roleOf() asks for a viewer to read and an operator to change, unless told", () => {
  const http = { path: "/", status: 200 } as const;
  assert.equal(roleOf({ http: { method: "GET", ...http } }), "viewer");
  assert.equal(roleOf({ http: { method: "POST", ...http } }), "operator");
  assert.equal(roleOf({ http: { method: "DELETE", ...http } }), "operator");
  assert.equal(roleOf({ http: { method: "GET", ...http }, role: "admin" }), "admin");
});
