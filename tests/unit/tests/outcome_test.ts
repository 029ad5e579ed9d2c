import assert from "node:assert/strict";
import { outcomeOf } from "../../outcome.ts";

const CASES: [string, string, number, { passed: number; failed: number }][] = [
  ["a run that passed", "ok | 3 passed | 0 failed (1s)\n", 0, { passed: 3, failed: 0 }],
  ["steps", "ok | 3 passed (4 steps) | 0 failed | 2 ignored (1s)", 0, { passed: 3, failed: 0 }],
  ["failures", "FAILED | 2 passed | 1 failed (1 step) (1s)", 1, { passed: 2, failed: 1 }],
  ["a line that a test printed", "ok | 9 passed | 0 failed\nok | 1 passed | 0 failed", 0, {
    passed: 1,
    failed: 0,
  }],
  ["a crash after the summary", "ok | 2 passed | 0 failed", 139, { passed: 2, failed: 1 }],
  ["a run that was ended", "running 3 tests", 124, { passed: 0, failed: 1 }],
  ["a run that said nothing", "", 0, { passed: 0, failed: 1 }],
];

for (const [name, text, exitCode, expected] of CASES) {
  Deno.test(`outcomeOf() counts ${name}`, () => {
    assert.deepEqual(outcomeOf(text, exitCode), expected);
  });
}
