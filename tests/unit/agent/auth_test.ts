import assert from "node:assert/strict";
import { carriesToken } from "../../../agent/auth.ts";

const TOKEN = "0123456789abcdef".repeat(4);

Deno.test("carriesToken() takes the token", () => {
  assert.equal(carriesToken(`Bearer ${TOKEN}`, TOKEN), true);
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
  ["a zero byte behind it", `Bearer ${TOKEN}\0`],
];
for (const [title, header] of WRONG) {
  Deno.test(`carriesToken() refuses ${title}`, () => {
    assert.equal(carriesToken(header, TOKEN), false);
  });
}
