/** Goal: what failed is told briefly. Method: what `deno test` printed of tests that fail. */
import assert from "node:assert/strict";
import { FAILURE_LINE_LENGTH_MAX, FAILURE_LINES_MAX, failuresOf } from "../../failures.ts";

const report = (errors: string, titles: string) =>
  `running 1 test from ./tests/a_test.ts
a ... FAILED (3ms)

 ERRORS 

${errors}

 FAILURES 

${titles}

FAILED | 12 passed (1 step) | 2 failed (442ms)

error: Test failed
`;

const TWO = report(
  `a fails => ./tests/a_test.ts:2:6
error: AssertionError: Expected values to be strictly deep-equal:
+ actual - expected

+   b: 'x'
-   b: 'y'

    at inner (ext:cli/40_test.js:300:11)
    at file:///viper/tests/a_test.ts:2:37
    at file:///viper/tests/a_test.ts:9:37

b ... its step => ./tests/a_test.ts:5:11
error: "text"`,
  `a fails => ./tests/a_test.ts:2:6
b ... its step => ./tests/a_test.ts:5:11`,
);

Deno.test("failuresOf() tells each failure, its error and where it was thrown", () => {
  assert.deepEqual(failuresOf(TWO, 1), [
    `a fails => ./tests/a_test.ts:2:6
  error: AssertionError: Expected values to be strictly deep-equal:
  + actual - expected
  +   b: 'x'
  -   b: 'y'
      at file:///viper/tests/a_test.ts:2:37`,
    `b ... its step => ./tests/a_test.ts:5:11
  error: "text"`,
  ]);
});

Deno.test("failuresOf() takes nothing for a failure that a test printed", () => {
  assert.deepEqual(failuresOf(TWO, 0), []);
  const printed = `\n ERRORS \n\nx => y\n\n FAILURES \n\nx => y\n\n${TWO}`;
  assert.deepEqual(failuresOf(printed, 1), failuresOf(TWO, 1));
});

Deno.test("failuresOf() cuts what is long", () => {
  const title = "a => ./tests/a_test.ts:2:6";
  const long = Array.from({ length: 99 }, () => "+".repeat(999)).join("\n");
  const [failure = "", ...others] = failuresOf(report(`${title}\n${long}`, title), 1);
  assert.deepEqual(others, []);
  const lines = failure.split("\n");
  assert.equal(lines.length, FAILURE_LINES_MAX);
  assert.equal(lines.at(-1)?.length, FAILURE_LINE_LENGTH_MAX + 2);
});

Deno.test("failuresOf() tells how a run ended that named no failure", () => {
  const [failure = ""] = failuresOf("running 3 tests\na ... ok\nb ...", 124);
  assert.equal(
    failure,
    `the run ended with code 124, and named no failure; it said at last
  running 3 tests
  a ... ok
  b ...`,
  );
});
