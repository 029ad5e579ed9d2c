/** What the help says of members: meaning, values and what stands for a flag that is left out. */
import assert from "node:assert/strict";
import { argumentHelp, flagHelp } from "../../../cli/flag_help.ts";
import type { Property } from "../../../cli/flag_value.ts";

const WORDS = ["a", "b"];

const FLAGS: readonly [Property, string][] = [
  [{ type: "string", description: "Where to go" }, "Where to go"],
  [{ type: "string", enum: WORDS, description: "Which", default: "b" }, "Which (a, b) [b]"],
  [{ anyOf: [{ enum: WORDS }, { type: "null" }], description: "Which" }, "Which (a, b)"],
  [{ type: "integer", minimum: 1, maximum: 9, description: "How many" }, "How many (1 to 9)"],
  [{ type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: "Id" }, "Id"],
  [{ type: "number", maximum: 9, default: 0, description: "Rate" }, "Rate (up to 9) [0]"],
  [{ type: "object", properties: { x: {}, y: {} }, description: "Place" }, "Place (x, y)"],
  [{ type: "object", description: "Names", default: {} }, "Names"],
  [{ type: "array", description: "Keys", default: ["k"] }, 'Keys [["k"]]'],
  [{ type: "boolean", description: "Whole", default: false }, "Whole"],
  [{ type: "boolean", description: "Shown", default: true }, "Shown [true]"],
];
for (const [property, help] of FLAGS) {
  Deno.test(`flagHelp() of ${JSON.stringify(property)} is "${help}"`, () => {
    assert.equal(flagHelp(property), help);
  });
}

const ARGUMENTS: readonly [Property, string][] = [
  [{ type: "string", description: "Name" }, "Name"],
  [{ type: "array", description: "Files" }, "Files, as list|json|@file"],
  [{ type: "object", description: "Place" }, "Place, as key=value,…|json|@file"],
];
for (const [property, help] of ARGUMENTS) {
  Deno.test(`argumentHelp() of ${JSON.stringify(property)} is "${help}"`, () => {
    assert.equal(argumentHelp(property), help);
  });
}
