/** Kernel modules: which the guest needs, and in which order they load. */
import { ViperError } from "../protocol/problems.ts";

/** Needed before the root file system and the network stand; the last tells the host of a panic. */
export const EARLY_MODULES: readonly string[] = [
  "virtio_pci",
  "virtio_blk",
  "erofs",
  "overlay",
  "virtio_net",
  "pvpanic-pci",
];

/** Loaded beside the agent's start: power button, memory balloon, the host's randomness. */
export const LATE_MODULES: readonly string[] = [
  "button",
  "evdev",
  "virtio-rng",
  "virtio_balloon",
];

/** A list of modules split by when they load; every module stands in one of the two. */
export interface ModuleOrder {
  /** Paths below the modules' folder, each after those it depends on. */
  readonly early: readonly string[];
  readonly late: readonly string[];
}

/**
 * Orders modules by `modules.dep`, as depmod(8) writes it. A module that the kernel has built in
 * needs no loading.
 *
 * @throws {ViperError} `image_build_failed` when the kernel lacks a module
 */
export function orderModules(modulesDep: string, modulesBuiltin: string): ModuleOrder {
  const needs = new Map<string, { path: string; paths: string[] }>();
  for (const line of modulesDep.split("\n")) {
    const [path, rest] = line.split(":");
    if (path === undefined || rest === undefined) continue;
    // depmod lists what a module needs from the nearest to the farthest.
    const paths = rest.split(" ").filter((needed) => needed !== "").reverse();
    needs.set(moduleName(path), { path, paths });
  }
  const builtin = new Set(modulesBuiltin.split("\n").map(moduleName));
  const seen = new Set<string>();
  const pick = (names: readonly string[]) =>
    names.flatMap((name) => {
      const module = needs.get(moduleName(name));
      if (module === undefined && builtin.has(moduleName(name))) return [];
      if (module === undefined) {
        throw new ViperError(
          "image_build_failed",
          `Cannot build the image: the kernel has no module "${name}"`,
        );
      }
      return [...module.paths, module.path].filter((path) => !seen.has(path) && seen.add(path));
    });
  return { early: pick(EARLY_MODULES), late: pick(LATE_MODULES) };
}

/** The name that the kernel knows a module by: no folder, no ending, underscores for dashes. */
export function moduleName(path: string): string {
  return path.replace(/^.*\//, "").replace(/\.ko(\.\w+)?$/, "").replaceAll("-", "_");
}
