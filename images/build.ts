/**
 * The builder of guest images: kernel, initramfs and root file system from Debian's packages.
 *
 *   inputs → packages → trim → compose → pack → publish
 *            └── kept from an earlier build where it can be ──┘
 *
 * @module
 */
import type { Host } from "../host/host.ts";
import { CommandError } from "../host/host.ts";
import { IMAGE_FILES, type ImageManifest } from "../protocol/images.ts";
import { ViperError } from "../protocol/problems.ts";
import type { ImageLayout } from "../protocol/vms.ts";
import { type Base, keepBase, makeBase, reuseBase } from "./debian.ts";
import { checksumsText, sha256Files } from "./checksums.ts";
import { compose } from "./compose.ts";
import { type Inputs, resolveInputs } from "./inputs.ts";
import type { BuildOptions, BuildPhase, BuildResult } from "./options.ts";
import { checkBudgets, packLayout } from "./pack.ts";
import { buildName, CURRENT, pointCurrent, publish, readImage, STAGING_PREFIX } from "./publish.ts";
import { type Bench, scriptFailure } from "./sandbox.ts";
import { requireTools } from "./tools.ts";
import { TRIMMED } from "./trim.ts";

export type { BuildEvent, BuildOptions, BuildResult } from "./options.ts";
export { IMAGE_BUILD_PACKAGES } from "./packages.ts";

/**
 * Builds the guest image, or finds that the one there is still right.
 *
 * A build that fails or is aborted leaves the image that was there, and nothing of itself.
 * Needs root, about 2 GB below `outDir` while it runs, and Debian's mirror unless the packages
 * were kept by an earlier build.
 *
 * @throws {ViperError} `image_build_failed`, with what to do in its hint
 */
export async function buildImage(options: BuildOptions, host: Host): Promise<BuildResult> {
  const { outDir, layouts } = options;
  const enter = phases(options);
  enter("inputs");
  const inputs = await resolveInputs(host, options);
  const current = `${outDir}/${CURRENT}`;
  const present = await readImage(host, current);
  if (present && fits(present, inputs, layouts) && !options.refresh) {
    enter(null);
    return { dir: current, manifest: present, unchanged: true };
  }
  await requireTools(host);
  await host.files.makeDir("images.build:out_dir", `${outDir}/cache`, 0o755);
  await using cleanup = new AsyncDisposableStack();
  const lock = await host.files.lock("images.build:lock", `${outDir}/.lock`);
  if (lock === null) {
    throw new ViperError("image_build_failed", `Cannot build the image: another build is at work`, {
      hint: "Wait until it has ended, then try again",
    });
  }
  cleanup.use(lock);
  await removeStaleStaging(host, outDir);
  const staging = `${outDir}/${STAGING_PREFIX}${host.random.uuid()}`;
  cleanup.defer(() => host.files.remove("images.build:staging_undo", staging));
  await host.files.makeDir("images.build:staging", staging, 0o700);
  const bench: Bench = { host, staging, ...(options.signal ? { signal: options.signal } : {}) };
  const manifest = await asViperError(() => build(bench, options, inputs, present, enter));
  enter(null);
  return { dir: current, manifest, unchanged: false };
}

async function build(
  bench: Bench,
  options: BuildOptions,
  inputs: Inputs,
  present: ImageManifest | null,
  enter: (phase: BuildPhase, detail?: string) => void,
): Promise<ImageManifest> {
  const { host, staging } = bench;
  const { outDir } = options;
  const same = present?.inputs_sha256 === inputs.sha256 && !options.refresh ? present : null;
  const layouts = [...new Set([...(same?.layouts ?? []), ...options.layouts])].sort();
  const name = buildName(inputs.sha256, layouts);
  const earlier = options.refresh ? null : await readImage(host, `${outDir}/builds/${name}`);
  if (earlier) {
    enter("publish", "an earlier build had the same inputs");
    await pointCurrent(host, outDir, name);
    return earlier;
  }
  const base = await obtainBase(bench, options, inputs, enter);
  enter("compose");
  const denoVersion = await compose(bench, base, options.initDir, options.agent);
  const out = `${staging}/out`;
  await host.files.makeDir("images.build:out", out, 0o755);
  for (const file of Object.keys(same?.files ?? {})) {
    await host.files.link("images.build:keep", `${outDir}/${CURRENT}/${file}`, `${out}/${file}`);
  }
  for (const layout of layouts) {
    if (same?.layouts.includes(layout)) continue;
    enter("pack", layout);
    await packLayout(bench, base.dir, out, layout, options.flavour);
  }
  enter("publish");
  const manifest: ImageManifest = {
    version: 1,
    built_at: host.clock.now().toISOString(),
    inputs_sha256: inputs.sha256,
    flavour: options.flavour,
    suite: inputs.base.suite,
    kernel_version: base.kernel_version,
    browser_version: base.browser_version,
    agent_version: options.agentVersion,
    ...(denoVersion === undefined ? {} : { deno_version: denoVersion }),
    trimmed: [...TRIMMED],
    files: await describeFiles(bench, out),
    layouts,
  };
  checkBudgets(manifest.files);
  const text = JSON.stringify(manifest, null, 2) + "\n";
  await host.files.write("images.build:manifest", `${out}/${IMAGE_FILES.manifest}`, text);
  const sums = checksumsText(manifest.files);
  await host.files.write("images.build:checksums", `${out}/${IMAGE_FILES.checksums}`, sums);
  await publish(host, outDir, out, name);
  return manifest;
}

async function obtainBase(
  bench: Bench,
  options: BuildOptions,
  inputs: Inputs,
  enter: (phase: BuildPhase, detail?: string) => void,
): Promise<Base> {
  const archive = `${options.outDir}/cache/${options.flavour}-${
    inputs.baseSha256.slice(0, 16)
  }.tar.lz4`;
  enter("packages", "from an earlier build");
  const kept = options.refresh ? null : await reuseBase(bench, archive);
  if (kept) return kept;
  const base = await makeBase(bench, inputs.base, enter);
  await keepBase(bench, base, archive);
  return base;
}

async function describeFiles(bench: Bench, dir: string): Promise<ImageManifest["files"]> {
  const { host, signal } = bench;
  const names = await host.files.list("images.build:files", dir);
  const sums = await sha256Files(host, names.map((name) => `${dir}/${name}`), signal);
  const files: ImageManifest["files"] = {};
  for (const [index, name] of names.entries()) {
    const info = await host.files.stat("images.build:file_size", `${dir}/${name}`);
    files[name] = { bytes: info?.size ?? 0, sha256: sums[index] ?? "" };
  }
  return files;
}

function fits(present: ImageManifest, inputs: Inputs, layouts: readonly ImageLayout[]): boolean {
  return present.inputs_sha256 === inputs.sha256 &&
    layouts.every((layout) => present.layouts.includes(layout));
}

/** A build that was killed could not clean up; the lock says that none is at work. */
async function removeStaleStaging(host: Host, outDir: string): Promise<void> {
  for (const name of await host.files.list("images.build:stale_list", outDir)) {
    if (!name.startsWith(STAGING_PREFIX)) continue;
    await host.files.remove("images.build:stale_remove", `${outDir}/${name}`);
  }
}

/** Tells each phase's begin and end; `null` ends the last. */
function phases({ onProgress }: BuildOptions): (phase: BuildPhase | null, detail?: string) => void {
  let open: BuildPhase | null = null;
  return (phase, detail) => {
    if (open !== null && phase !== open) onProgress?.({ phase: open, state: "done" });
    const state = phase === open ? "progress" : "start";
    open = phase;
    if (phase) onProgress?.({ phase, state, ...(detail === undefined ? {} : { detail }) });
  };
}

async function asViperError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new ViperError("image_build_failed", `Cannot build the image: ${scriptFailure(error)}`, {
      cause: error,
    });
  }
}
