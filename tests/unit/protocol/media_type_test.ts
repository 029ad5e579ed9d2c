import assert from "node:assert/strict";
import { mediaTypeOf } from "../../../protocol/media_type.ts";

const NAMES: readonly [fileName: string, mediaType: string | undefined][] = [
  ["a.txt", "text/plain"],
  ["photo.JPG", "image/jpeg"],
  ["a.b.pdf", "application/pdf"],
  ["a.unheard", undefined],
  ["pdf", undefined],
];
for (const [fileName, mediaType] of NAMES) {
  Deno.test(`mediaTypeOf() ${fileName} is ${mediaType}`, () => {
    assert.equal(mediaTypeOf(fileName), mediaType);
  });
}
