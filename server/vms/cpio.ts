/**
 * Small archives in the format that Linux unpacks over an initramfs.
 *
 * Source: https://docs.kernel.org/driver-api/early-userspace/buffer-format.html (newc: magic
 * 070701, thirteen fields of eight hexadecimal digits, names and data padded to 4 bytes).
 *
 * @module
 */

/** A folder or a file of the archive, owned by root. */
export interface CpioEntry {
  /** Without a slash at the start. Folders come before what is in them. */
  readonly path: string;
  /** Permission bits, such as `0o600`. */
  readonly mode: number;
  /** Left out: the entry is a folder. */
  readonly data?: Uint8Array;
}

const FOLDER = 0o040000;
const FILE = 0o100000;
const TRAILER = "TRAILER!!!";

/** The archive's bytes; their number is a multiple of 4. */
export function cpioArchive(entries: readonly CpioEntry[]): Uint8Array<ArrayBuffer> {
  const parts = entries.flatMap((entry, index) =>
    record(
      entry.path,
      index + 1,
      entry.mode | (entry.data === undefined ? FOLDER : FILE),
      entry.data ?? new Uint8Array(),
    )
  );
  parts.push(...record(TRAILER, 0, 0, new Uint8Array()));
  return concatenate(parts);
}

function record(path: string, inode: number, mode: number, data: Uint8Array): Uint8Array[] {
  const name = new TextEncoder().encode(`${path}\0`);
  const fields = [inode, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length, 0];
  const header = new TextEncoder().encode(
    "070701" + fields.map((field) => field.toString(16).padStart(8, "0")).join(""),
  );
  return [header, name, padding(header.length + name.length), data, padding(data.length)];
}

function padding(length: number): Uint8Array {
  return new Uint8Array((4 - length % 4) % 4);
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    result.set(part, offset);
    offset += part.length;
  }
  return result;
}
