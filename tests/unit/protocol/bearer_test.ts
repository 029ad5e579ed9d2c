import assert from "node:assert/strict";
import { bearerToken, sameSecret } from "../../../protocol/bearer.ts";

const TOKEN = "0123456789abcdef".repeat(4);

function carries(authorization: string | undefined): boolean {
  const headers = authorization === undefined ? {} : { authorization };
  return sameSecret(bearerToken(new Request("http://vm/", { headers })) ?? "", TOKEN);
}

Deno.test("bearerToken() and sameSecret() take the token", () => {
  assert.equal(carries(`Bearer ${TOKEN}`), true);
});

const WRONG: [title: string, header: string | undefined][] = [
  ["nothing", undefined],
  ["an empty header", ""],
  ["the scheme alone", "Bearer "],
  ["the bare token", TOKEN],
  ["another scheme", `Basic ${TOKEN}`],
  ["a prefix", `Bearer ${TOKEN.slice(0, -1)}`],
  ["more behind it", `Bearer ${TOKEN}0`],
  ["another last character", `Bearer ${TOKEN.slice(0, -1)}0`],
  ["another case", `Bearer ${TOKEN.toUpperCase()}`],
];
for (const [title, header] of WRONG) {
  Deno.test(`bearerToken() and sameSecret() refuse ${title}`, () => {
    assert.equal(carries(header), false);
  });
}
