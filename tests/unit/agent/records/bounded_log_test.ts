import assert from "node:assert/strict";
import fc from "fast-check";
import { BoundedLog } from "../../../../agent/records/bounded_log.ts";
import { selectEntries } from "../../../../agent/records/select_entries.ts";

Deno.test("BoundedLog keeps the newest entries within both bounds and counts the others", () => {
  const limits = { entries: 5, bytes: 200 };
  fc.assert(fc.property(fc.array(fc.nat(120), { maxLength: 30 }), (lengths) => {
    const log = new BoundedLog<{ seq: number; text: string }>(limits);
    lengths.forEach((length, at) => log.add({ seq: at + 1, text: "x".repeat(length) }));
    const kept = log.entries;
    assert.ok(kept.length <= limits.entries);
    assert.ok(JSON.stringify(kept).length - kept.length - 1 <= limits.bytes);
    assert.equal(log.dropped + kept.length, lengths.length);
    assert.deepEqual(kept.map(({ seq }) => seq), lengths.map((_, at) => at + 1).slice(log.dropped));
    assert.equal(log.droppedTo, log.dropped);
  }));
});

Deno.test("BoundedLog makes room when an entry grows", () => {
  const log = new BoundedLog<{ seq: number; text: string }>({ entries: 9, bytes: 100 });
  const entries = [1, 2, 3].map((seq) => ({ seq, text: "" }));
  entries.forEach((entry) => log.add(entry));
  const last = entries[2] ?? assert.fail();
  last.text = "x".repeat(60);
  log.grown(last);
  assert.deepEqual(log.entries, entries.slice(1));
  assert.equal(log.dropped, 1);
});

Deno.test("selectEntries() pages from a number on without leaving any out", () => {
  fc.assert(fc.property(fc.nat(20), fc.integer({ min: 1, max: 7 }), (count, limit) => {
    const log = new BoundedLog<{ seq: number }>({ entries: 100, bytes: 10_000 });
    for (let seq = 1; seq <= count; seq++) log.add({ seq });
    const told: number[] = [];
    for (let since = 0, more = true; more;) {
      const page = selectEntries(log, count, { since, limit }, () => true);
      told.push(...page.entries.map(({ seq }) => seq));
      ({ next_since: since, more } = page);
    }
    assert.deepEqual(told, Array.from({ length: count }, (_, at) => at + 1));
  }));
});

Deno.test("selectEntries() tells the last ones when no number is given", () => {
  const log = new BoundedLog<{ seq: number }>({ entries: 100, bytes: 10_000 });
  for (let seq = 1; seq <= 10; seq++) log.add({ seq });
  const { entries, next_since, more } = selectEntries(log, 10, { limit: 3 }, ({ seq }) => seq < 9);
  assert.deepEqual(entries.map(({ seq }) => seq), [6, 7, 8]);
  assert.deepEqual([next_since, more], [10, true]);
});
