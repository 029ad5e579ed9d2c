/** The guest image: what it consists of and what its manifest tells. */
import * as z from "zod";
import { imageLayout } from "./vms.ts";

/** Names of the files of an image, in the image's folder. */
export const IMAGE_FILES = {
  /** Uncompressed PVH kernel, for every layout. */
  kernel: "vmlinux",
  /** Layout `disk`: kernel modules and the first init, nothing else. */
  initramfs: "viper-initramfs.cpio.gz",
  /** Layout `disk`: the read-only root that all VMs share. */
  root: "viper-root.erofs",
  /** Layout `initramfs`: the whole root in one archive. */
  fullInitramfs: "viper-initramfs-full.cpio.gz",
  manifest: "manifest.json",
  /** As `sha256sum` writes and checks them. */
  checksums: "checksums.txt",
} as const;

/** Which files a layout boots from; manifest and checksums are there besides. */
export const IMAGE_LAYOUT_FILES = {
  disk: [IMAGE_FILES.kernel, IMAGE_FILES.initramfs, IMAGE_FILES.root],
  initramfs: [IMAGE_FILES.kernel, IMAGE_FILES.fullInitramfs],
} as const;

/** The browser that an image carries. */
export const imageFlavour = z.enum(["headless-shell", "chromium"]);
/** The browser that an image carries. */
export type ImageFlavour = z.infer<typeof imageFlavour>;

/** Lower-case SHA-256 in hex. */
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** What `manifest.json` holds. */
export const imageManifest = z.strictObject({
  version: z.literal(1),
  built_at: z.iso.datetime(),
  /** Over everything that went in; the same inputs make no second build. */
  inputs_sha256: sha256,
  flavour: imageFlavour,
  /** Debian suite, such as `bookworm`. */
  suite: z.string(),
  kernel_version: z.string(),
  browser_version: z.string(),
  agent_version: z.string(),
  /** Absent where the agent is one binary. */
  deno_version: z.string().optional(),
  /** What was removed from Debian's packages, in words. */
  trimmed: z.array(z.string()),
  /** By file name. */
  files: z.record(z.string(), z.strictObject({ bytes: z.int().min(0), sha256 })),
  layouts: z.array(imageLayout),
});
/** What `manifest.json` holds. */
export type ImageManifest = z.infer<typeof imageManifest>;
