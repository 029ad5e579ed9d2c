/** What a build is asked for, tells on its way and answers with. */
import type { ImageFlavour, ImageManifest } from "../protocol/images.ts";
import type { ImageLayout } from "../protocol/vms.ts";

/** The agent as the image carries it: Deno and a bundle, or one executable. Absolute paths. */
export type AgentSource =
  | { readonly kind: "bundle"; readonly deno: string; readonly bundle: string }
  | { readonly kind: "binary"; readonly path: string };

/** Settings of `buildImage`. */
export interface BuildOptions {
  /** Where builds, the cache and the link `current` are kept. Absolute. */
  readonly outDir: string;
  readonly flavour: ImageFlavour;
  /** Debian suite. @default "bookworm" */
  readonly suite?: string;
  /** Left out: mmdebstrap's own choice for the suite, security updates included. */
  readonly mirror?: string;
  /** Debian packages beside those that Viper needs. */
  readonly extraPackages?: readonly string[];
  /** What the image must offer at least. */
  readonly layouts: readonly ImageLayout[];
  readonly agent: AgentSource;
  readonly agentVersion: string;
  /** The folder with `init`, `initramfs_init` and `network.sh`. Absolute. */
  readonly initDir: string;
  /** Fetch Debian's packages anew instead of using those kept from an earlier build. */
  readonly refresh?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: BuildEvent) => void;
}

/** The steps of a build, in their order; unneeded ones are left out. */
export type BuildPhase = "inputs" | "packages" | "trim" | "compose" | "pack" | "publish";

/** A sign of life. */
export interface BuildEvent {
  readonly phase: BuildPhase;
  readonly state: "start" | "progress" | "done";
  /** From 0 to 1, where it can be told. */
  readonly fraction?: number;
  readonly detail?: string;
}

/** What a build answers with. */
export interface BuildResult {
  /** The link to the newest build's folder: `outDir/current`. */
  readonly dir: string;
  readonly manifest: ImageManifest;
  /** Nothing was to do. */
  readonly unchanged: boolean;
}
