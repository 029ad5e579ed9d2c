/** Goal: a file's answer is the file, and its name cannot leave the header. Method: any name, a table. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { contentDisposition, fileResponse } from "../../../../agent/downloads/read_file.ts";

const NAMES: readonly (readonly [string, string])[] = [
  ["a b.txt", `attachment; filename="a b.txt"; filename*=UTF-8''a%20b.txt`],
  ['q"\\%/.x', `attachment; filename="q____.x"; filename*=UTF-8''q%22%5C%25%2F.x`],
  ["日(1)'*.x", `attachment; filename="_(1)'*.x"; filename*=UTF-8''%E6%97%A5%281%29%27%2A.x`],
  ["a\r\nb: c", `attachment; filename="a__b: c"; filename*=UTF-8''a%0D%0Ab%3A%20c`],
];

for (const [name, header] of NAMES) {
  Deno.test(`contentDisposition() tells ${JSON.stringify(name)}`, () => {
    assert.equal(contentDisposition(name), header);
  });
}

Deno.test("contentDisposition() gives any name as one header that says what it is", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (name) => {
    const header = contentDisposition(name);
    assert.match(
      header,
      /^attachment; filename="[^"\\%\/]*"; filename\*=UTF-8''[\w.!#$&+^`|~%-]*$/,
    );
    const encoded = header.slice(header.lastIndexOf("''") + 2);
    assert.equal(decodeURIComponent(encoded), name.toWellFormed());
  }));
});

/** A file that is `held` bytes long and says that it has `said`. */
function answerOf(held: number, said: number): Promise<Response> {
  const bytes = Uint8Array.from({ length: held }, (_, at) => at % 251);
  return fileResponse("/f", "f", "application/octet-stream", {
    stat: () => Promise.resolve({ size: said } as never),
    readFrom: (_label, _path, offset, max) => Promise.resolve(bytes.slice(offset, offset + max)),
  });
}

Deno.test("fileResponse() answers with all bytes, of files of any size", async () => {
  for (const size of [0, 1, 262_143, 262_144, 262_145, 1_000_000]) {
    const response = await answerOf(size, size);
    assert.equal(response.headers.get("content-length"), String(size));
    const bytes = new Uint8Array(await response.arrayBuffer());
    assert.ok(bytes.length === size && bytes.every((byte, at) => byte === at % 251));
  }
});

Deno.test("fileResponse() fails when the file ends too early", async () => {
  await assert.rejects((await answerOf(10, 11)).arrayBuffer(), /ends at 10 and not at 11/);
});

Deno.test("fileResponse() answers for no file that is gone", async () => {
  await assert.rejects(
    fileResponse("/f", "f", "application/octet-stream", {
      stat: () => Promise.resolve(null),
      readFrom: () => Promise.reject(new Error("it is read")),
    }),
    /not there any more/,
  );
});
