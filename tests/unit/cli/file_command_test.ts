/** Commands whose answer is a file: what is asked for, written and printed. */
import assert from "node:assert/strict";
import { fileCommand } from "../../../cli/file_command.ts";
import { browserScreenshot } from "../../../protocol/capture.ts";

async function screenshot(...argv: string[]) {
  const asked: unknown[] = [];
  const written: [string, Uint8Array | string][] = [];
  const bytes: Uint8Array[] = [];
  let printed = "";
  const command = fileCommand(
    {
      verb: "screenshot",
      operation: browserScreenshot,
      argument: "vm",
      call: (input) => (asked.push(input), Promise.resolve({ data: "AP8=", byte_length: 2 })),
      print: (said) => void (said instanceof Uint8Array ? bytes.push(said) : printed += said),
      readText: () => Promise.reject(new Error("no value names a file")),
    },
    browserScreenshot.bytes!,
    { write: (_label, path, data) => (written.push([path, data]), Promise.resolve()) },
  );
  await command.parseAsync(["a", ...argv], { from: "user" });
  return { asked, written, printed, bytes };
}

Deno.test("fileCommand() writes the bytes to --out, and prints the rest", async () => {
  const { asked, written, printed } = await screenshot("--out", "shot", "--full-page");
  assert.deepEqual(asked, [{ full_page: true }]);
  assert.deepEqual(written, [["shot", new Uint8Array([0, 255])]]);
  assert.equal(printed, "file: shot\nbyte_length: 2\n");
});

Deno.test("fileCommand() prints the whole answer without --out", async () => {
  const { written, printed } = await screenshot("--json");
  assert.deepEqual(written, []);
  assert.deepEqual(JSON.parse(printed), { data: "AP8=", byte_length: 2 });
});

Deno.test("fileCommand() tells a person how to have the bytes", async () => {
  const { printed } = await screenshot();
  assert.equal(printed, "data: 2 bytes, which --out FILE writes to a file\nbyte_length: 2\n");
});

for (
  const [out, format] of [["a.JPG", "jpeg"], ["b/a.jpeg", "jpeg"], ["a.png", "png"], ["png"], [
    "a/b.d/shot",
  ]] as const
) {
  Deno.test(`fileCommand() asks for ${format ?? "no format"} when it is to write ${out}`, async () => {
    const { asked } = await screenshot("--out", out);
    assert.deepEqual(asked, [format === undefined ? {} : { format }]);
  });
}

Deno.test("fileCommand() writes the bytes alone to standard output for --out -", async () => {
  const { written, printed, bytes } = await screenshot("--out", "-");
  assert.deepEqual([written, printed, bytes], [[], "", [new Uint8Array([0, 255])]]);
});

Deno.test("fileCommand() refuses an ending of no format, unless the format is said", async () => {
  await assert.rejects(screenshot("--out", "a.gif"), {
    message: 'Cannot write "a.gif" by its ending: name one of png, jpeg, webp by --format',
    exitCode: 2,
  });
  const { asked, written } = await screenshot("--out", "a.gif", "--format", "webp");
  assert.deepEqual([asked, written.length], [[{ format: "webp" }], 1]);
});

Deno.test("fileCommand() lets --format have the last word", async () => {
  const { asked } = await screenshot("--out", "a.png", "--format", "jpeg");
  assert.deepEqual(asked, [{ format: "jpeg" }]);
});
