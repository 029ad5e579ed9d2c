/** SHA-256 of files and texts. */
import type { Host } from "../host/host.ts";
import type { ImageManifest } from "../protocol/images.ts";

/** SHA-256 by path, in hex. Bounded by the disk: about a second for a gigabyte. */
export async function sha256Files(
  host: Host,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<string[]> {
  const argv = ["sha256sum", "--binary", "--", ...paths];
  const { stdout } = await host.run("images.build:checksum", argv, signal ? { signal } : {});
  return stdout.trim().split("\n").map((line) => line.replace(/^\\/, "").slice(0, 64));
}

/** SHA-256 of a text, in hex. */
export async function sha256Text(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** `checksums.txt` for `sha256sum --check`. */
export function checksumsText(files: ImageManifest["files"]): string {
  return Object.entries(files).map(([name, { sha256 }]) => `${sha256}  ${name}\n`).join("");
}
