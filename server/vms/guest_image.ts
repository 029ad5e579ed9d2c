import type { Host } from "../../host/host.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { ImageLayout } from "../../protocol/vms.ts";
import { IMAGE_FILES } from "../../protocol/images.ts";

/** The link to the newest build. */
const CURRENT = "current";

/** The files of the guest image that one layout needs. */
export interface GuestImage {
  readonly kernel: string;
  readonly initramfs: string;
  /** `null` in layout `initramfs`. */
  readonly rootfs: string | null;
}

/**
 * Finds the image in its folder.
 *
 * @throws {ViperError} `image_not_found` that names the file that is missing
 */
export async function findGuestImage(
  host: Host,
  imageDir: string,
  /** A build's name, or `current`. */
  name: string,
  layout: ImageLayout,
): Promise<GuestImage> {
  // The link may move to a newer build between two look-ups, and one VM takes all from one build.
  const folder = name === CURRENT ? `${imageDir}/${CURRENT}` : `${imageDir}/builds/${name}`;
  const build = await host.files.realPath("vm.create:image_resolve", folder) ?? folder;
  const file = (name: string) => `${build}/${name}`;
  const image: GuestImage = layout === "disk"
    ? {
      kernel: file(IMAGE_FILES.kernel),
      initramfs: file(IMAGE_FILES.initramfs),
      rootfs: file(IMAGE_FILES.root),
    }
    : {
      kernel: file(IMAGE_FILES.kernel),
      initramfs: file(IMAGE_FILES.fullInitramfs),
      rootfs: null,
    };
  for (const path of [image.kernel, image.initramfs, image.rootfs]) {
    if (path === null || await host.files.stat("vm.create:image_stat", path) !== null) continue;
    throw new ViperError(
      "image_not_found",
      `Cannot boot with layout "${layout}": there is no file "${path}"`,
      { hint: `Build the image with: viper images build --layout ${layout} --out ${imageDir}` },
    );
  }
  return image;
}
