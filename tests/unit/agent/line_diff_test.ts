/** Goal: a difference leads from one list to the other. Method: properties over random lists. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { COMPARED_LINES_MAX, diffLines } from "../../../agent/actions/line_diff.ts";

const lines = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 30 });

Deno.test("diffLines() keeps and removes the first list, keeps and adds the second", () => {
  fc.assert(fc.property(lines, lines, (before, after) => {
    const edits = diffLines(before, after);
    const without = (kind: string) =>
      edits.filter((edit) => edit.kind !== kind).map(({ line }) => line);
    assert.deepEqual(without("added"), before);
    assert.deepEqual(without("removed"), after);
  }));
});

Deno.test("diffLines() changes nothing between equal lists, and little between near ones", () => {
  fc.assert(fc.property(lines, fc.nat(30), (before, at) => {
    const after = (before as readonly string[]).toSpliced(at, 0, "new");
    const changes = diffLines(before, after).filter(({ kind }) => kind !== "kept");
    assert.deepEqual(changes, [{ kind: "added", line: "new" }]);
    assert.ok(diffLines(before, before).every(({ kind }) => kind === "kept"));
  }));
});

Deno.test("diffLines() does not compare more lines than it may", () => {
  const before = Array.from({ length: COMPARED_LINES_MAX }, (_, n) => `a${n}`);
  const after = before.map((line, n) => n % 2 === 0 ? line.replace("a", "b") : line);
  const edits = diffLines(before, after);
  assert.deepEqual(edits.filter(({ kind }) => kind !== "added").map(({ line }) => line), before);
  assert.deepEqual(edits.filter(({ kind }) => kind !== "removed").map(({ line }) => line), after);
  assert.equal(edits.filter(({ kind }) => kind === "kept").length, 1);
});
