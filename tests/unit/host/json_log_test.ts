import assert from "node:assert/strict";
import { jsonLog } from "../../../host/json_log.ts";

/** What one call of the log writes. */
function written(...args: Parameters<ReturnType<typeof jsonLog>>): Record<string, unknown> {
  const lines: string[] = [];
  jsonLog((line) => lines.push(line), () => new Date(0))(...args);
  assert.equal(lines.length, 1);
  assert.equal(lines[0]?.indexOf("\n"), lines[0]!.length - 1);
  return JSON.parse(lines[0] ?? "");
}

Deno.test("jsonLog() writes one line with time, level, message and fields", () => {
  assert.deepEqual(written("warn", "two\nlines", { vm: "a", n: 1, none: undefined }), {
    time: "1970-01-01T00:00:00.000Z",
    level: "warn",
    message: "two\nlines",
    vm: "a",
    n: 1,
  });
});

Deno.test("jsonLog() writes an error with each of its causes once, code and stack included", () => {
  const root = Object.assign(new Error("disk full"), { code: "ENOSPC" });
  const error = new TypeError("Cannot write", {
    cause: new Error("Cannot append", { cause: root }),
  });
  const { error: chain } = written("error", "failed", { error }) as {
    error: { name: string; message: string; code?: string; stack: string }[];
  };
  assert.deepEqual(chain.map(({ name, message, code }) => [name, message, code]), [
    ["TypeError", "Cannot write", undefined],
    ["Error", "Cannot append", undefined],
    ["Error", "disk full", "ENOSPC"],
  ]);
  assert.match(chain[0]?.stack ?? "", /json_log_test/);
});

Deno.test("jsonLog() writes what an AggregateError holds, and ends with circular causes", () => {
  const both = new AggregateError([new Error("one"), "text", new Error("two")], "Cannot");
  const { error: chain } = written("error", "failed", { error: both }) as {
    error: { message: string }[];
  };
  assert.deepEqual(chain.map(({ message }) => message), ["Cannot", "one", "two"]);
  const circular = new Error("around");
  circular.cause = circular;
  const { error } = written("error", "failed", { error: circular }) as { error: unknown[] };
  assert.equal(error.length, 9);
});
