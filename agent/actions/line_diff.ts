/** What changed between two lists of lines. */

/** One line, and whether both lists have it. */
export interface LineEdit {
  readonly kind: "kept" | "added" | "removed";
  readonly line: string;
}

/** Lines that differ in the middle, beyond which all of them count as changed. */
export const COMPARED_LINES_MAX = 4_000;

/**
 * The shortest way from one list to the other: what is kept and removed is the first list, what is
 * kept and added the second. Where more than {@linkcode COMPARED_LINES_MAX} lines lie between the
 * first and the last change, all between them is removed and added.
 */
export function diffLines(before: readonly string[], after: readonly string[]): LineEdit[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (
    end < before.length - start && end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  ) end++;
  const kept = (lines: readonly string[]) => lines.map((line) => ({ kind: "kept" as const, line }));
  return [
    ...kept(before.slice(0, start)),
    ...between(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...kept(before.slice(before.length - end)),
  ];
}

/** By the longest common subsequence, of which a table of lengths is kept. */
function between(before: readonly string[], after: readonly string[]): LineEdit[] {
  const removed = before.map((line) => ({ kind: "removed" as const, line }));
  const added = after.map((line) => ({ kind: "added" as const, line }));
  if (before.length === 0 || after.length === 0) return [...removed, ...added];
  if (before.length + after.length > COMPARED_LINES_MAX) return [...removed, ...added];
  const width = after.length + 1;
  const lengths = new Uint16Array((before.length + 1) * width);
  const at = (b: number, a: number) => lengths[b * width + a] ?? 0;
  for (let b = before.length - 1; b >= 0; b--) {
    for (let a = after.length - 1; a >= 0; a--) {
      lengths[b * width + a] = before[b] === after[a]
        ? at(b + 1, a + 1) + 1
        : Math.max(at(b + 1, a), at(b, a + 1));
    }
  }
  const edits: LineEdit[] = [];
  for (let b = 0, a = 0; b < before.length || a < after.length;) {
    if (b < before.length && a < after.length && before[b] === after[a]) {
      edits.push({ kind: "kept", line: before[b++] ?? "" });
      a++;
    } else if (a === after.length || b < before.length && at(b + 1, a) >= at(b, a + 1)) {
      edits.push(removed[b++] ?? { kind: "removed", line: "" });
    } else edits.push(added[a++] ?? { kind: "added", line: "" });
  }
  return edits;
}
