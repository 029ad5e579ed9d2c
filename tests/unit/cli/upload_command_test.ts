/** `viper browser upload-files`: paths of this machine become files with their contents. */
import assert from "node:assert/strict";
import { uploadCommand } from "../../../cli/upload_command.ts";
import { browserUploadFiles, UPLOAD_BYTES_MAX } from "../../../protocol/act.ts";

const FILES: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = {
  "b/photo.JPG": new Uint8Array([0, 255]),
  notes: new Uint8Array(),
  large: new Uint8Array(UPLOAD_BYTES_MAX + 1),
};

async function upload(files: string): Promise<unknown> {
  let asked: unknown;
  const command = uploadCommand({
    verb: "uploadFiles",
    operation: browserUploadFiles,
    argument: "vm",
    call: (input) => Promise.resolve(asked = input),
    print: () => {},
    readText: () => Promise.reject(new Error("no value names a file")),
  }, {
    readFrom: (_label, path) => {
      const bytes = FILES[path];
      return bytes === undefined ? Promise.reject(new Error("none")) : Promise.resolve(bytes);
    },
  });
  await command.parseAsync(["a", "input", files], { from: "user" });
  return asked;
}

const photo = { name: "photo.JPG", data: "AP8=", mime_type: "image/jpeg" };
const GIVEN: readonly [files: string, sent: unknown][] = [
  ["b/photo.JPG", [photo]],
  ["b/photo.JPG,notes", [photo, { name: "notes", data: "" }]],
  ['["notes"]', [{ name: "notes", data: "" }]],
  ['[{"name":"a","data":"AA=="}]', [{ name: "a", data: "AA==" }]],
];
for (const [files, sent] of GIVEN) {
  Deno.test(`uploadCommand() sends ${files}`, async () => {
    assert.deepEqual(await upload(files), { selector: "input", files: sent });
  });
}

const REFUSED = [["nope", 'Cannot read "nope": none'], [
  "large",
  'Cannot upload "large": it has more than 52428800 bytes',
]] as const;
for (const [files, message] of REFUSED) {
  Deno.test(`uploadCommand() refuses ${files}`, async () => {
    await assert.rejects(upload(files), { name: "CliError", message });
  });
}
