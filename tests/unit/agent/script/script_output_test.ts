/** Goal: what a script process writes is read, however it comes. Method: random pieces, a table. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { SCRIPT_OUTPUT_BYTES_MAX, ScriptOutput } from "../../../../agent/script/script_output.ts";

const line = (message: object) => `\n${JSON.stringify(message)}\n`;
const entry = (text: string) => ({ level: "log" as const, text });

/** The text in pieces that end at those places. */
function inPieces(text: string, places: readonly number[]): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  const cuts = [...places.map((at) => at % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  let before = 0;
  return ReadableStream.from(cuts.map((at) => bytes.subarray(before, before = at)));
}

Deno.test("ScriptOutput.read() takes messages out of any pieces, among other text", async () => {
  const texts = fc.array(fc.string({ unit: "grapheme" }), { maxLength: 5 });
  const cuts = fc.array(fc.nat({ max: 1_000 }), { maxLength: 9 });
  await fc.assert(fc.asyncProperty(texts, cuts, fc.jsonValue(), async (texts, cuts, result) => {
    // A member of that name is left out on the way: it would set what the answer inherits from.
    const told = JSON.stringify(result).replaceAll("__proto__", "proto");
    const end = { type: "result" as const, result: JSON.parse(told) };
    const written = [
      "noise",
      ...texts.map((text) => line({ type: "console", entry: entry(text) }) + '{"no": 1}'),
      line({ ...end, console_dropped: 2 }),
      line({ type: "console", entry: entry("behind the end") }),
    ];
    const output = new ScriptOutput();
    const got = await output.read(inPieces(written.join(""), cuts));
    assert.deepEqual(got, { ...end, console_dropped: 2 });
    assert.deepEqual(output.console, texts.map(entry));
    assert.match(output.noise, /^noise\n/);
  }));
});

Deno.test("ScriptOutput.read() has no end where none was written", async () => {
  const output = new ScriptOutput();
  assert.equal(await output.read(inPieces("# Fatal: out of memory", [3])), null);
  assert.deepEqual([output.noise, output.isTooLong], ["# Fatal: out of memory\n", false]);
});

Deno.test("ScriptOutput.read() stops where there is too much", async () => {
  const output = new ScriptOutput();
  let pulled = 0;
  const piece = new Uint8Array(1024 * 1024).fill(65);
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => (pulled++, controller.enqueue(piece)),
  });
  assert.equal(await output.read(endless), null);
  assert.ok(output.isTooLong && pulled <= SCRIPT_OUTPUT_BYTES_MAX / piece.length + 2);
});
