import assert from "node:assert/strict";
import { quote } from "../../../agent/quote.ts";

Deno.test("quote() keeps texts on one line and short", () => {
  assert.equal(quote('a "b"\n'), '"a \\"b\\"\\n"');
  assert.equal(quote("x".repeat(65_000)).length, 203);
});
