/** Which view of an answer a client gets, by what it accepts and what it asks for. */
import assert from "node:assert/strict";
import { bytesOf, chooseView } from "../../../protocol/bytes_view.ts";
import type { BytesView } from "../../../protocol/operation.ts";
import { ViperError } from "../../../protocol/problems.ts";

const PICTURE = {
  name: "a.picture",
  bytes: { member: "data", mediaType: { png: "image/png", jpeg: "image/jpeg" } },
} as const;
const FILE = { name: "a.file", bytes: { member: "data", mediaType: "application/pdf" } } as const;

const JSON_VIEW = { mediaType: null };
const PNG = { mediaType: "image/png", format: "png" };
const JPEG = { mediaType: "image/jpeg", format: "jpeg" };
const PDF = { mediaType: "application/pdf" };

const CHOICES: [accept: string, format: unknown, picture: unknown, file: unknown][] = [
  ["", undefined, JSON_VIEW, JSON_VIEW],
  ["*/*", undefined, JSON_VIEW, JSON_VIEW],
  ["application/json", undefined, JSON_VIEW, JSON_VIEW],
  ["text/html", undefined, JSON_VIEW, JSON_VIEW],
  [",;q=", undefined, JSON_VIEW, JSON_VIEW],
  ["image/png", undefined, PNG, JSON_VIEW],
  ["IMAGE/JPEG", undefined, JPEG, JSON_VIEW],
  ["image/*", undefined, PNG, JSON_VIEW],
  ["image/*", "jpeg", JPEG, JSON_VIEW],
  ["image/*", "nonsense", JSON_VIEW, JSON_VIEW],
  ["image/png;q=0.5, image/jpeg", undefined, JPEG, JSON_VIEW],
  ["image/png;q=0.5, image/*", undefined, JPEG, JSON_VIEW],
  ["image/png;q=0", undefined, JSON_VIEW, JSON_VIEW],
  ["image/avif,image/*,*/*;q=0.8", undefined, PNG, JSON_VIEW],
  ["image/png, application/json", undefined, JSON_VIEW, JSON_VIEW],
  ["image/png, application/json;q=0.9", undefined, PNG, JSON_VIEW],
  ["image/png, application/json;q=0.9", "jpeg", JSON_VIEW, JSON_VIEW],
  ["application/pdf", undefined, JSON_VIEW, PDF],
  ["application/*", undefined, JSON_VIEW, JSON_VIEW],
];

for (const [accept, format, picture, file] of CHOICES) {
  Deno.test(`chooseView() takes "${accept}" with the format ${format} at its word`, () => {
    assert.deepEqual(chooseView(PICTURE, accept, format), picture);
    assert.deepEqual(chooseView(FILE, accept, format), file);
    assert.deepEqual(chooseView({ name: "a.value" }, accept, format), JSON_VIEW);
  });
}

Deno.test("chooseView() refuses the bytes of a format that is not the one asked for", () => {
  assert.throws(
    () => chooseView(PICTURE, "image/png", "jpeg"),
    (error: ViperError) =>
      error.code === "not_acceptable" &&
      error.message ===
        'Cannot answer a.picture as "image/png": the request asks for the format "jpeg"',
  );
});

Deno.test("bytesOf() reads the member in the way that it holds them", () => {
  const text: BytesView = { member: "text", encoding: "text", mediaType: "text/plain" };
  assert.deepEqual([...bytesOf(FILE.bytes, { data: "AP8=" })], [0, 255]);
  assert.deepEqual([...bytesOf(text, { text: "é" })], [0xc3, 0xa9]);
});
