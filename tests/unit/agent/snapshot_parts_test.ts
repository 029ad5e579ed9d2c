/** Goal: parts hold all lines and keep their bound. Method: properties and small tables. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  changed,
  found,
  partOf,
  tokensOf,
  written,
} from "../../../agent/actions/snapshot_parts.ts";

const line = fc.string({ minLength: 1, maxLength: 120, unit: "grapheme" })
  .filter((text) => !text.includes("\n") && !text.startsWith("…"));

Deno.test("partOf() gives every line once over all parts, and no part beyond its tokens", () => {
  fc.assert(fc.property(fc.array(line, { maxLength: 200 }), (lines) => {
    const { parts } = partOf(lines, 1, 200);
    const all = Array.from({ length: parts }, (_, n) => partOf(lines, n + 1, 200));
    for (const { text } of all) assert.ok(tokensOf(text) <= 200, text);
    const told = all.flatMap(({ text }) => text.split("\n")).filter((line) =>
      line !== "" && !line.startsWith("…")
    );
    assert.deepEqual(told, lines);
  }));
});

Deno.test("partOf() says what it left out, and how many parts there are", () => {
  const lines = Array.from({ length: 100 }, (_, n) => `${n} ${"x".repeat(30)}`);
  const { text, parts } = partOf(lines, 2, 200);
  assert.match(
    text,
    new RegExp(`\n… part 2 of ${parts}, \\d+ more lines .*: ask again with part=3 .* search="…"`),
  );
  assert.match(partOf(lines, parts, 200).text, /with part=1 for the first/);
  assert.equal(
    partOf(lines, parts + 1, 200).text,
    `… there is no part ${parts + 1}: the last is ${parts}`,
  );
  assert.deepEqual(partOf([], 1, 200), { text: "", part: 1, parts: 1 });
  assert.deepEqual(partOf(["a", "b"], 1, 200), { text: "a\nb", part: 1, parts: 1 });
});

Deno.test("partOf() cuts a line that is larger than a part", () => {
  for (const long of ["x".repeat(10_000), "语".repeat(10_000), "👩‍🚒".repeat(10_000)]) {
    const { text, parts } = partOf([long], 1, 200);
    assert.equal(parts, 1);
    assert.ok(tokensOf(text) <= 200 && tokensOf(text) > 30, text);
    assert.match(text, /…$/);
  }
});

const PAGE = [
  { depth: 0, text: 'e1 form "Pay"' },
  { depth: 1, text: 'e2 button "Yes"' },
  { depth: 0, text: 'e3 list "Other"' },
  { depth: 1, text: 'e4 link "Payments"' },
  { depth: 1, text: 'e5 link "Home"' },
];

const SEARCHES: [text: string, refs: string[]][] = [
  ["pay", ["e1", "e3", "e4"]],
  ["YES", ["e1", "e2"]],
  ["home", ["e3", "e5"]],
  ["link", ["e3", "e4", "e5"]],
  ["nothing", []],
];
for (const [text, refs] of SEARCHES) {
  Deno.test(`found() tells the lines with "${text}" under what they stand in`, () => {
    assert.deepEqual(found(PAGE, text).map(({ text }) => text.split(" ")[0]), refs);
  });
}

Deno.test("written() indents by depth, and not without end", () => {
  assert.equal(written({ depth: 2, text: "a" }), "  a");
  assert.equal(written({ depth: 900, text: "a" }), " ".repeat(40) + "a");
});

Deno.test("changed() tells added and removed lines, and no kept ones", () => {
  assert.deepEqual(
    changed([
      { kind: "kept", line: "a" },
      { kind: "removed", line: " b" },
      { kind: "added", line: " c" },
    ]),
    ["-  b", "+  c"],
  );
});
