/**
 * Where finished images stand.
 *
 *   outDir/builds/INPUTS-LAYOUTS/   one image, never changed once there
 *   outDir/current                  link to the newest; replaced in one step
 *   outDir/cache/                   packed bases
 *   outDir/.building-XXXXXXXX/      a build under way
 *
 * A reader that resolves `current` once sees one build, whole. A running VM has its files open, so
 * it keeps them when a build goes.
 *
 * @module
 */
import type { Host } from "../host/host.ts";
import { IMAGE_FILES, IMAGE_LAYOUT_FILES, imageManifest } from "../protocol/images.ts";
import type { ImageManifest } from "../protocol/images.ts";
import type { ImageLayout } from "../protocol/vms.ts";

/** The link to the newest build, below the image's folder. */
export const CURRENT = "current";
/** Prefix of the folder of a build under way. */
export const STAGING_PREFIX = ".building-";

/** Name of the folder of a build. */
export function buildName(inputsSha256: string, layouts: readonly ImageLayout[]): string {
  return `${inputsSha256.slice(0, 16)}-${[...layouts].sort().join("-")}`;
}

/** The manifest in `dir` when it is valid and all files are there with their sizes, else `null`. */
export async function readImage(host: Host, dir: string): Promise<ImageManifest | null> {
  let text: string;
  try {
    text = await host.files.readText("images.read:manifest", `${dir}/${IMAGE_FILES.manifest}`);
  } catch {
    // No image, or none that can be read: either way there is none to use.
    return null;
  }
  const parsed = imageManifest.safeParse(parseJson(text));
  if (!parsed.success) return null;
  const named = parsed.data.layouts.flatMap((layout) => [...IMAGE_LAYOUT_FILES[layout]]);
  for (const name of new Set([...named, ...Object.keys(parsed.data.files)])) {
    const info = await host.files.stat("images.read:file", `${dir}/${name}`);
    if (info === null || info.size !== parsed.data.files[name]?.bytes) return null;
  }
  return parsed.data;
}

/** Opens a finished folder's files to all readers, moves it to its place, points `current` at it and drops all but the last two. */
export async function publish(
  host: Host,
  outDir: string,
  finished: string,
  name: string,
): Promise<void> {
  const builds = `${outDir}/builds`;
  const previous = await currentName(host, outDir);
  await host.files.makeDir("images.publish:builds_dir", builds, 0o755);
  // One of that name is damaged or made anew; `current` may lead to it until the link has moved.
  const isTaken = await host.files.stat("images.publish:find", `${builds}/${name}`) !== null;
  const placed = isTaken ? `${name}-${host.random.uuid().slice(0, 8)}` : name;
  // Hypervisors open them as users of their own; there is no secret in an image.
  for (const file of await host.files.list("images.publish:files", finished)) {
    await host.files.chmod("images.publish:mode", `${finished}/${file}`, 0o644);
  }
  await host.files.rename("images.publish:place", finished, `${builds}/${placed}`);
  await pointCurrent(host, outDir, placed);
  for (const old of await host.files.list("images.publish:builds", builds)) {
    if (old === placed || old === previous) continue;
    await host.files.remove("images.publish:old", `${builds}/${old}`);
  }
}

/** Makes `current` lead to a build that is there. */
export async function pointCurrent(host: Host, outDir: string, name: string): Promise<void> {
  const link = `${outDir}/.${CURRENT}-${host.pid}`;
  await host.files.remove("images.publish:stale_link", link);
  await host.files.symlink("images.publish:link", `builds/${name}`, link);
  await host.files.rename("images.publish:switch", link, `${outDir}/${CURRENT}`);
}

async function currentName(host: Host, outDir: string): Promise<string | null> {
  const build = await host.files.realPath("images.publish:current", `${outDir}/${CURRENT}`);
  return build && build.slice(build.lastIndexOf("/") + 1);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
