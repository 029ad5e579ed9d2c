/** Long lists take what lists of the same items take, and tell one thing of what they refuse. */
import assert from "node:assert/strict";
import fc from "fast-check";
import * as z from "zod";
import { longList, longRecord } from "../../../protocol/long_list.ts";

const ITEM = z.strictObject({ name: z.string(), tags: longList(z.string(), 2) });
const MAX = 3;

const tags = fc.array(fc.oneof(fc.string(), fc.constant(7)), { maxLength: 3 });
const item = fc.oneof(
  { arbitrary: fc.record({ name: fc.string(), tags }), weight: 5 },
  fc.constantFrom(null, 7, {}, [], { name: "a", tags: [], more: 1 }),
);
const text = fc.oneof({ arbitrary: fc.string(), weight: 5 }, fc.constant(7));

const SHAPES: readonly [string, fc.Arbitrary<unknown>, long: z.ZodType, plain: z.ZodType][] = [
  [
    "longList()",
    fc.oneof(fc.array(item, { maxLength: 5 }), fc.jsonValue()),
    longList(ITEM, MAX),
    z.array(z.strictObject({ name: z.string(), tags: z.array(z.string()).max(2) })).max(MAX),
  ],
  [
    "longRecord()",
    fc.oneof(fc.dictionary(fc.string(), text, { maxKeys: 5 }), fc.jsonValue()),
    longRecord(MAX),
    z.record(z.string(), z.string()).refine((given) => Object.keys(given).length <= MAX),
  ],
];

for (const [title, given, long, plain] of SHAPES) {
  Deno.test(`${title} takes what the plain shape takes, and tells of one wrong thing`, () => {
    fc.assert(fc.property(given, (value) => {
      const [told, expected] = [long.safeParse(value), plain.safeParse(value)];
      assert.equal(told.success, expected.success);
      // Clones, since objects without a prototype go through as they are.
      if (told.success) {
        assert.deepEqual(structuredClone(told.data), structuredClone(expected.data));
      } // A text where a list should be is told of twice: it may be too long, too.
      else assert.ok(told.error.issues.length === 1 || typeof value === "string");
    }));
  });
}

Deno.test("longList() and longRecord() say where the first wrong thing is, and stop there", () => {
  const wrong = [{ name: "a", tags: [] }, { name: "b", tags: ["x", 7] }, 7];
  const [issue] = longList(ITEM, MAX).safeParse(wrong).error?.issues ?? [];
  assert.deepEqual(issue?.path, [1, "tags", 1]);
  let looked = 0;
  const counted = z.custom(() => (looked++, false));
  longList(counted, 1_000_000).safeParse(Array(1_000_000).fill(0));
  assert.equal(looked, 1);
  const [member] = longRecord(MAX).safeParse({ a: "", b: 7, c: 7 }).error?.issues ?? [];
  assert.deepEqual(member?.path, ["b"]);
});

Deno.test("longList() and longRecord() are to JSON Schema what they are", () => {
  const { items, maxItems } = z.toJSONSchema(longList(z.int(), MAX)) as Record<string, unknown>;
  assert.equal((items as { type: string }).type, "integer");
  assert.equal(maxItems, MAX);
  const { additionalProperties } = z.toJSONSchema(longRecord(MAX));
  assert.deepEqual(additionalProperties, { type: "string" });
});
