import assert from "node:assert/strict";
import { egress, EGRESS_CIDRS_MAX } from "../../../protocol/vms.ts";

const many = (count: number) => Array.from({ length: count }, (_, at) => `20.0.${at}.0/24`);

const TABLE: readonly [value: unknown, isValid: boolean][] = [
  ["internet", true],
  ["none", true],
  ["open", true],
  ["all", false],
  ["10.0.0.0/8", false],
  [[], true],
  [["10.0.0.0/8", "1.1.1.1/32", "0.0.0.0/0"], true],
  [["10.0.0.1/8"], false],
  [["1.1.1.1"], false],
  [["1.1.1.0/33"], false],
  [["1.1.1.256/32"], false],
  [["::/0"], false],
  [["example.org"], false],
  [many(EGRESS_CIDRS_MAX), true],
  [many(EGRESS_CIDRS_MAX + 1), false],
];

for (const [value, isValid] of TABLE) {
  Deno.test(`egress ${isValid ? "takes" : "refuses"} ${JSON.stringify(value).slice(0, 40)}`, () => {
    assert.equal(egress.safeParse(value).success, isValid);
  });
}
