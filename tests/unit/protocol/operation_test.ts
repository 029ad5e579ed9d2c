/** What holds for every operation of every list. */
import assert from "node:assert/strict";
import { type Operation, pathParameters } from "../../../protocol/operation.ts";
import * as lists from "../../../protocol/operations.ts";
import { PROBLEMS } from "../../../protocol/problem_codes.ts";

const ALL = Object.values(lists).flatMap((list): Operation[] =>
  typeof list === "string" ? [] : Object.values(list)
);

Deno.test("pathParameters() are the names in braces, in order", () => {
  assert.deepEqual(pathParameters("/a/{b}/c/{d_e}"), ["b", "d_e"]);
  assert.deepEqual(pathParameters("/a"), []);
});

Deno.test("operations have names of their own, and routes of their own within a list", () => {
  assert.equal(new Set(ALL.map(({ name }) => name)).size, ALL.length);
  for (const list of Object.values(lists)) {
    if (typeof list === "string") continue;
    const routes = Object.values(list as Record<string, Operation>)
      .map(({ http }) => `${http.method} ${http.path}`);
    assert.equal(new Set(routes).size, routes.length);
  }
});

for (const { name, summary, http, input, errors } of ALL) {
  Deno.test(`${name} is well declared: strict input, known errors, parameters that it has`, () => {
    assert.match(name, /^[a-z]+\.[a-z_]+$/);
    assert.ok(summary.length >= 10 && !summary.endsWith("."));
    assert.equal(new Set(errors).size, errors.length);
    for (const code of errors) assert.ok(Object.hasOwn(PROBLEMS, code), code);
    const members = Object.keys(input.shape);
    for (const parameter of pathParameters(http.path)) assert.ok(members.includes(parameter));
    for (const member of members) assert.match(member, /^[a-z]+(_[a-z]+)*$/);
    const parsed = input.safeParse({ surely_unknown: 1 });
    assert.match(JSON.stringify(parsed.error?.issues), /unrecognized_keys/);
  });
}
