import assert from "node:assert/strict";
import fc from "fast-check";
import { Lines } from "../../../protocol/lines.ts";

Deno.test("Lines gives each line once, wherever its bytes are cut", () => {
  const text = fc.array(fc.string({ unit: "grapheme" }).map((line) => line.replaceAll("\n", "")));
  fc.assert(fc.property(text, fc.integer({ min: 1, max: 5 }), (expected, size) => {
    const seen: string[] = [];
    const lines = new Lines((line) => seen.push(line));
    const bytes = new TextEncoder().encode(expected.map((line) => `${line}\n`).join(""));
    for (let at = 0; at < bytes.length; at += size) lines.push(bytes.subarray(at, at + size));
    lines.end();
    assert.deepEqual(
      seen,
      expected.map((line) => new TextDecoder().decode(new TextEncoder().encode(line))),
    );
  }));
});

Deno.test("Lines gives what has no end when it is ended, once", () => {
  const seen: string[] = [];
  const lines = new Lines((line) => seen.push(line));
  lines.push(new TextEncoder().encode("one\ntwo"));
  lines.end();
  lines.end();
  assert.deepEqual(seen, ["one", "two"]);
});

Deno.test("Lines keeps no more of an endless line than its limit", () => {
  const seen: string[] = [];
  const lines = new Lines((line) => seen.push(line));
  for (let n = 0; n < 100; n++) lines.push(new TextEncoder().encode("x".repeat(1_000)));
  lines.end();
  assert.deepEqual(seen.map(({ length }) => length), [4_000]);
});
