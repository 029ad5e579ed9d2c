/** Finding the compressed kernel in a vmlinuz, by its boot header. */
import { equal, throws } from "node:assert/strict";
import { kernelPayload } from "../../../images/kernel.ts";
import { vmlinuz } from "./vmlinuz.ts";

for (
  const [name, magic, unpack, trailer] of [
    ["lz4", [0x02, 0x21, 0x4c, 0x18], "lz4 -d -c", 4],
    ["zstd", [0x28, 0xb5, 0x2f, 0xfd], "zstd -q -d -c", 4],
    ["xz", [0xfd, 0x37, 0x7a, 0x58], "xz -q -d -c --format=xz", 4],
    ["gzip", [0x1f, 0x8b, 0x08, 0x00], "gzip -d -c", 0],
  ] as const
) {
  Deno.test(`kernelPayload() finds a kernel packed with ${name}`, () => {
    const payload = kernelPayload(vmlinuz([...magic, 1, 2, 3, 4, 5, 6, 7, 8]));
    equal(payload.offset, 3 * 512 + 0x40);
    equal(payload.length, 12 - trailer);
    equal(payload.unpack, unpack);
  });
}

const good = vmlinuz([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
for (
  const [title, bytes, message] of [
    ["an empty file", new Uint8Array(), /no boot header/],
    ["a file without boot header", new Uint8Array(4096), /no boot header/],
    ["a file that is cut short", good.subarray(0, good.length - 1), /cut short/],
    ["an unknown compression", vmlinuz([9, 9, 9, 9, 0, 0, 0, 0]), /compression is unknown/],
  ] as const
) {
  Deno.test(`kernelPayload() refuses ${title}`, () => {
    throws(() => kernelPayload(bytes), message);
  });
}
