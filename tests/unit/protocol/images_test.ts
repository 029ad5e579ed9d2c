/** The manifest's schema takes what a build writes, and nothing else. */
import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { type ImageManifest, imageManifest } from "../../../protocol/images.ts";

const sha256 = fc.stringMatching(/^[0-9a-f]{64}$/);
const manifest: fc.Arbitrary<ImageManifest> = fc.record({
  version: fc.constant(1 as const),
  built_at: fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true })
    .map((date) => date.toISOString()),
  inputs_sha256: sha256,
  flavour: fc.constantFrom("headless-shell" as const, "chromium" as const),
  suite: fc.string(),
  kernel_version: fc.string(),
  browser_version: fc.string(),
  agent_version: fc.string(),
  trimmed: fc.array(fc.string()),
  files: fc.dictionary(
    fc.stringMatching(/^[a-z]+\.[a-z]+$/),
    fc.record({ bytes: fc.nat(), sha256 }, { noNullPrototype: true }),
    { noNullPrototype: true },
  ),
  layouts: fc.uniqueArray(fc.constantFrom("disk" as const, "initramfs" as const)),
}, { noNullPrototype: true });

Deno.test("imageManifest reads back what it wrote", () => {
  fc.assert(fc.property(manifest, (value) => {
    deepEqual(imageManifest.parse(JSON.parse(JSON.stringify(value))), value);
  }));
});

const valid = fc.sample(manifest, 1)[0];
for (
  const [title, change] of [
    ["another version", { version: 2 }],
    ["a checksum in capitals", { inputs_sha256: "A".repeat(64) }],
    ["an unknown layout", { layouts: ["tape"] }],
    ["a negative size", { files: { a: { bytes: -1, sha256: "0".repeat(64) } } }],
    ["an unknown member", { extra: 1 }],
    ["no flavour", { flavour: undefined }],
  ] as const
) {
  Deno.test(`imageManifest refuses ${title}`, () => {
    equal(imageManifest.safeParse({ ...valid, ...change }).success, false);
  });
}
