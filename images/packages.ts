/** Debian packages: those in the guest, and those that a build needs on the host. */
import type { ImageFlavour } from "../protocol/images.ts";

/** What to install on the building host (Debian 12 or Ubuntu 24.04). */
export const IMAGE_BUILD_PACKAGES: readonly string[] = [
  "mmdebstrap",
  "debian-archive-keyring",
  "erofs-utils",
  "lz4",
  "zstd",
  "xz-utils",
  "cpio",
  "kmod",
  "pigz",
];

/** The programs that a build calls, and the package that has each. */
export const BUILD_TOOLS: Readonly<Record<string, string>> = {
  mmdebstrap: "mmdebstrap",
  "mkfs.erofs": "erofs-utils",
  lz4: "lz4",
  cpio: "cpio",
  depmod: "kmod",
  unshare: "util-linux",
  tar: "tar",
  bash: "bash",
  gzip: "gzip",
  sha256sum: "coreutils",
};

const BROWSER_PACKAGE: Readonly<Record<ImageFlavour, string>> = {
  "headless-shell": "chromium-headless-shell",
  chromium: "chromium",
};

const GUEST_PACKAGES: readonly string[] = [
  "busybox-static",
  "ca-certificates",
  "fontconfig",
  "fonts-liberation",
  "fonts-noto-color-emoji",
  "fonts-noto-core",
  "fonts-wqy-microhei",
  "libc6",
  "libgcc-s1",
  "libnss3-tools",
  "linux-image-cloud-amd64",
];

/**
 * Packages that others depend on for desktops, installation or start-up, none of which the guest
 * has. They are declared present, so that they and what they pull in (Mesa and LLVM among it)
 * are not even downloaded.
 */
export const ABSENT_PACKAGES: readonly string[] = [
  "adduser",
  "debconf",
  "dpkg",
  "initramfs-tools",
  "install-info",
  "kmod",
  "libgl1-mesa-dri",
  "linux-base",
  "mesa-libgallium",
  "perl-base",
  "tar",
  "x11-utils",
  "xdg-utils",
];

/** The guest's packages for a flavour, sorted, each once. */
export function guestPackages(flavour: ImageFlavour, extra: readonly string[]): string[] {
  return [...new Set([BROWSER_PACKAGE[flavour], ...GUEST_PACKAGES, ...extra])].sort();
}
