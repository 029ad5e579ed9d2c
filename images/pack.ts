/** Turns the composed trees into the files of an image, within their budgets. */
import { IMAGE_FILES, type ImageFlavour } from "../protocol/images.ts";
import { ViperError } from "../protocol/problems.ts";
import type { ImageLayout } from "../protocol/vms.ts";
import { IMAGE_EPOCH_SECONDS } from "./trim.ts";
import { type Bench, script } from "./sandbox.ts";

const MB = 1024 * 1024;
/** The most bytes that a file may have. */
export const BUDGET_BYTES: Readonly<Record<string, number>> = {
  [IMAGE_FILES.root]: 350 * MB,
  [IMAGE_FILES.initramfs]: 8 * MB,
};

/** Fixed, so that equal trees make equal images. */
const ROOT_UUID = "76697065-7200-4000-8000-000000000001";

/**
 * $1: the root, $2: the image, $3: the timestamp, $4: the UUID. Plain lz4 in 4 KB clusters: packs
 * in 3 s where lz4hc takes 15, starts a guest as fast, and a guest reads no more than it asks
 * for, which with 64 KB clusters costs each 70 MB of memory. $5: full Chromium fits the budget only
 * with lz4hc.
 */
const PACK_ROOT = `mkfs.erofs -z"$5" -T "$3" -U "$4" --quiet "$2" "$1" >/dev/null`;

/** $1: the tree, $2: the archive. pigz, where there is one, uses every core. */
const PACK_ARCHIVE = `
cd "$1"
compress=$(command -v pigz || command -v gzip)
find . -print0 | LC_ALL=C sort -z | cpio --null --quiet -o -H newc -R 0:0 | "$compress" -6 -n >"$2"
`;

/** $1: the root, $2: the small initramfs, $3: the archive. Linux unpacks archives in a row. */
const PACK_FULL = `${PACK_ARCHIVE.replaceAll('"$2"', '"$3"')}cat "$2" >>"$3"\n`;

/** Writes the files of a layout into `out`, from `base/root`, `base/small` and `base/vmlinux`. */
export async function packLayout(
  bench: Bench,
  base: string,
  out: string,
  layout: ImageLayout,
  flavour: ImageFlavour,
): Promise<void> {
  const { files } = bench.host;
  const small = `${layout === "disk" ? out : bench.staging}/${IMAGE_FILES.initramfs}`;
  if (await files.stat("images.build:kernel_find", `${out}/${IMAGE_FILES.kernel}`) === null) {
    await files.rename("images.build:kernel_keep", `${base}/vmlinux`, `${out}/vmlinux`);
  }
  await script(bench, "pack_initramfs", PACK_ARCHIVE, `${base}/small`, small);
  if (layout === "initramfs") {
    const full = `${out}/${IMAGE_FILES.fullInitramfs}`;
    await script(bench, "pack_full", PACK_FULL, `${base}/root`, small, full);
    return;
  }
  const root = `${out}/${IMAGE_FILES.root}`;
  const time = String(IMAGE_EPOCH_SECONDS);
  const compression = flavour === "chromium" ? "lz4hc" : "lz4";
  await script(bench, "pack_root", PACK_ROOT, `${base}/root`, root, time, ROOT_UUID, compression);
}

/** @throws {ViperError} `image_build_failed` when a file is over its budget */
export function checkBudgets(
  files: Readonly<Record<string, { readonly bytes: number }>>,
  budgets = BUDGET_BYTES,
): void {
  for (const [name, budget] of Object.entries(budgets)) {
    const bytes = files[name]?.bytes ?? 0;
    if (bytes <= budget) continue;
    throw new ViperError(
      "image_build_failed",
      `Cannot build the image: "${name}" has ${inMb(bytes)} MB, its budget is ${inMb(budget)} MB`,
      { hint: "Leave out extra packages, or take the flavour headless-shell" },
    );
  }
}

function inMb(bytes: number): string {
  return (bytes / MB).toFixed(1);
}
