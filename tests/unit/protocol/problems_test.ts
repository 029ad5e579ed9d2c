import assert from "node:assert/strict";
import { type ProblemCode, PROBLEMS } from "../../../protocol/problem_codes.ts";
import { problem, toViperError, ViperError } from "../../../protocol/problems.ts";

for (const code of Object.keys(PROBLEMS) as ProblemCode[]) {
  Deno.test(`ViperError ${code} survives the way through a problem body`, () => {
    const error = new ViperError(code, 'Cannot do "it"');
    const body = JSON.parse(JSON.stringify(error.toProblem("/path")));
    assert.deepEqual(problem.parse(body), body);
    assert.equal(body.status, PROBLEMS[code].status);
    assert.equal(body.error, body.detail);
    assert.equal(body.instance, "/path");
    const back = ViperError.fromProblem(body);
    assert.deepEqual(
      [back?.code, back?.message, back?.hint, back?.status],
      [code, error.message, error.hint, error.status],
    );
  });

  Deno.test(`PROBLEMS.${code} has an error's status and words without a full stop`, () => {
    const { status, title } = PROBLEMS[code];
    assert.ok(status >= 400 && status < 600);
    assert.ok(!title.endsWith("."));
    assert.match(code, /^[a-z_]+$/);
  });
}

for (const body of [null, "text", 1, [], {}, { code: "internal" }, { error: "no" }]) {
  Deno.test(`ViperError.fromProblem() takes ${JSON.stringify(body)} for no problem`, () => {
    assert.equal(ViperError.fromProblem(body), null);
  });
}

for (const code of ["from_the_future", "toString", "constructor", "__proto__", ""]) {
  Deno.test(`ViperError.fromProblem() reads the unknown code "${code}" as internal`, () => {
    const body = { ...new ViperError("timeout", "Cannot wait").toProblem(), code };
    const error = ViperError.fromProblem(body);
    assert.deepEqual([error?.code, error?.status, error?.message], [
      "internal",
      500,
      "Cannot wait",
    ]);
  });
}

Deno.test("toViperError() keeps a ViperError and hides the words of any other", () => {
  const own = new ViperError("timeout", "Cannot wait");
  assert.equal(toViperError(own), own);
  for (const other of [new Error("secret"), "secret", null, undefined]) {
    const error = toViperError(other);
    assert.equal(error.code, "internal");
    assert.equal(error.cause, other);
    assert.ok(!JSON.stringify(error.toProblem()).includes("secret"));
  }
});
