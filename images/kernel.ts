/**
 * The kernel out of Debian's `vmlinuz`: boot header of Documentation/arch/x86/boot.rst in the
 * kernel's sources, then a compressed ELF file.
 *
 * @module
 */
import { ViperError } from "../protocol/problems.ts";
import { type Bench, script } from "./sandbox.ts";

const SECTOR_BYTES = 512;
const SETUP_SECTORS_OFFSET = 0x1f1;
const MAGIC_OFFSET = 0x202;
const MAGIC = 0x53726448; // "HdrS"
const PAYLOAD_OFFSET_OFFSET = 0x248;
const PAYLOAD_LENGTH_OFFSET = 0x24c;
const ELF_MAGIC = 0x464c457f;

/** How a payload is told by its first four bytes, and what unpacks it to standard output. */
const FORMATS: readonly { magic: number; mask: number; sizeTrailer: number; argv: string }[] = [
  { magic: 0x184c2102, mask: 0xffffffff, sizeTrailer: 4, argv: "lz4 -d -c" },
  { magic: 0xfd2fb528, mask: 0xffffffff, sizeTrailer: 4, argv: "zstd -q -d -c" },
  { magic: 0x587a37fd, mask: 0xffffffff, sizeTrailer: 4, argv: "xz -q -d -c --format=xz" },
  { magic: 0x00008b1f, mask: 0x0000ffff, sizeTrailer: 0, argv: "gzip -d -c" },
];

/** Where the compressed kernel lies in a `vmlinuz`, and the command that unpacks it. */
export interface KernelPayload {
  readonly offset: number;
  /** Without the size that the kernel's build appends. */
  readonly length: number;
  readonly unpack: string;
}

/** Finds the payload. @throws {ViperError} `image_build_failed` when this is no such kernel */
export function kernelPayload(vmlinuz: Uint8Array): KernelPayload {
  const view = new DataView(vmlinuz.buffer, vmlinuz.byteOffset, vmlinuz.byteLength);
  if (view.byteLength < PAYLOAD_LENGTH_OFFSET + 4 || view.getUint32(MAGIC_OFFSET, true) !== MAGIC) {
    throw notAKernel("it has no boot header");
  }
  const setupBytes = (view.getUint8(SETUP_SECTORS_OFFSET) + 1) * SECTOR_BYTES;
  const offset = setupBytes + view.getUint32(PAYLOAD_OFFSET_OFFSET, true);
  const length = view.getUint32(PAYLOAD_LENGTH_OFFSET, true);
  if (length < 4 || offset + length > view.byteLength) throw notAKernel("it is cut short");
  const magic = view.getUint32(offset, true);
  const format = FORMATS.find((known) => ((magic & known.mask) >>> 0) === known.magic);
  if (format === undefined) throw notAKernel("its compression is unknown");
  return { offset, length: length - format.sizeTrailer, unpack: format.argv };
}

/** Writes the uncompressed kernel in `vmlinuz` to `target`. */
export async function extractKernel(
  bench: Bench,
  vmlinuz: string,
  target: string,
): Promise<void> {
  const { files } = bench.host;
  const bytes = await files.read("images.build:kernel_read", vmlinuz);
  const { offset, length, unpack } = kernelPayload(bytes);
  const payload = `${target}.packed`;
  const packed = bytes.subarray(offset, offset + length);
  await files.write("images.build:kernel_payload", payload, packed);
  await script(bench, "kernel_unpack", `${unpack} <"$1" >"$2" && rm "$1"`, payload, target);
  const head = await files.read("images.build:kernel_check", target);
  if (new DataView(head.buffer, head.byteOffset).getUint32(0, true) !== ELF_MAGIC) {
    throw notAKernel("what it unpacks to is no ELF file");
  }
}

function notAKernel(why: string): ViperError {
  return new ViperError("image_build_failed", `Cannot extract the kernel from vmlinuz: ${why}`);
}
