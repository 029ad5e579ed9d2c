/** Settings in a file of systemd's: what is written is read back as it was. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { formatEnvFile, parseEnvFile } from "../../../setup/env_file.ts";

Deno.test("parseEnvFile() reads what formatEnvFile() writes", () => {
  const value = fc.string({ unit: "grapheme" }).filter((text) =>
    !/[\n\r\0\u2028\u2029]/.test(text)
  );
  const name = fc.stringMatching(/^[A-Z][A-Z_]{0,9}$/);
  fc.assert(fc.property(fc.dictionary(name, value), (env) => {
    assert.deepEqual({ ...parseEnvFile(formatEnvFile(env)) }, { ...env });
  }));
});

const WRITTEN_BY_HAND: readonly [string, string, Record<string, string>][] = [
  ["no quotes", "A=1\n", { A: "1" }],
  ["single quotes", "A='1 2'\n", { A: "1 2" }],
  ["spaces around", "  A=1  \n", { A: "1" }],
  ["comments", "# A=1\n; B=2\n", {}],
  ["the last of two", "A=1\nA=2\n", { A: "2" }],
  ["no value", "A=\n", { A: "" }],
];
for (const [title, text, env] of WRITTEN_BY_HAND) {
  Deno.test(`parseEnvFile() reads ${title}`, () => assert.deepEqual(parseEnvFile(text), env));
}

Deno.test("formatEnvFile() refuses a value with a line break", () => {
  assert.throws(() => formatEnvFile({ A: "1\nB=2" }), /Cannot write A: it has a line break/);
});
