/** The reference's tables: a row per member, with type, limits, default and meaning. */
import assert from "node:assert/strict";
import * as z from "zod";
import { answerTable, inputTable } from "../../../build/member_table.ts";
import { type Operation, operation } from "../../../protocol/operation.ts";

function operationOf(input: z.ZodObject, output: z.ZodType = z.void()): Operation {
  return operation({
    ...{ name: "a.b", summary: "Do it", http: { method: "POST", path: "/a", status: 200 } },
    ...{ input, output, errors: [] },
  });
}

/** The rows below a table's head, their cells without the bars. */
function rowsOf(text: string): string[][] {
  return text.split("\n").slice(2).filter(Boolean)
    .map((row) => row.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "")));
}

const MEMBERS: readonly [z.ZodType, ...string[][]][] = [
  [z.string().max(9).describe("Words"), ["`m`", "string, up to 9 characters", "required", "Words"]],
  [z.int().min(1).max(9).default(3), ["`m`", "integer, 1 to 9", "`3`", ""]],
  [z.int().min(1).optional().describe("After * it"), [
    "`m`",
    "integer, from 1",
    "",
    "After \\* it",
  ]],
  [z.enum(["a", "b"]).nullable().optional(), ["`m`", "`a`, `b`, or null", "", ""]],
  [z.array(z.string()).max(4).default([]), ["`m`", "array, up to 4", "`[]`", ""]],
  [
    z.array(z.strictObject({ x: z.number().describe("Right") })),
    ["`m`", "array", "required", ""],
    ["`m[].x`", "number", "required", "Right"],
  ],
  [
    z.union([z.string(), z.strictObject({ y: z.boolean() })]).describe("Either").optional(),
    ["`m`", "string, or object", "", "Either"],
    ["`m.y`", "boolean", "required", ""],
  ],
];
for (const [schema, ...rows] of MEMBERS) {
  Deno.test(`inputTable() tells ${rows.map(([, type]) => type).join(" of ")}`, () => {
    assert.deepEqual(rowsOf(inputTable(operationOf(z.strictObject({ m: schema })))), rows);
  });
}

Deno.test("inputTable() and answerTable() are empty where there is nothing to tell", () => {
  const input = z.strictObject({});
  const outputs = [z.void(), z.object({ status: z.literal("ok") })];
  for (const output of outputs) assert.equal(answerTable(operationOf(input, output)), "");
  assert.equal(inputTable(operationOf(input)), "");
});

Deno.test("answerTable() tells of the members of a list, and of one that holds itself once", () => {
  const node: z.ZodType = z.lazy(() => z.object({ next: node.optional() }));
  const table = answerTable(operationOf(z.strictObject({}), z.array(z.object({ node }))));
  assert.deepEqual(rowsOf(table).map(([name]) => name), ["`node`", "`node.next`"]);
});
