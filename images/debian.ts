/**
 * The part of an image that depends on Debian only: kernel, modules and the trimmed root with
 * the browser. Making it takes most of a build, so the newest of each flavour is kept, packed.
 *
 *   base/root/               the trimmed root
 *   base/vmlinux
 *   base/modules/{early,late}/   .ko files, and `order` with their names
 *   base/base.json
 *
 * @module
 */
import * as z from "zod";
import { BROWSER_PATH, checkBrowser } from "./browser_check.ts";
import { type Bench, sandboxedScript, script } from "./sandbox.ts";
import { extractKernel } from "./kernel.ts";
import { type ModuleOrder, orderModules } from "./modules.ts";
import { ABSENT_PACKAGES } from "./packages.ts";
import { trimRoot } from "./trim.ts";
import type { ImageFlavour } from "../protocol/images.ts";
import { ViperError } from "../protocol/problems.ts";
import type { BuildPhase } from "./options.ts";

/** Raise it when a change of the builder makes a different base from the same settings. */
export const BASE_FORMAT = 1;

const baseFacts = z.object({ kernel_version: z.string(), browser_version: z.string() });

/** A base, unpacked. */
export interface Base extends z.infer<typeof baseFacts> {
  readonly dir: string;
}

/** What decides what a base holds. */
export interface BaseSettings {
  readonly flavour: ImageFlavour;
  readonly suite: string;
  readonly mirror: string | undefined;
  readonly packages: readonly string[];
}

/**
 * $1: the root, $2: the suite, $3: packages with commas, $4: packages declared present with
 * spaces, $5: the mirror or nothing. Unpacks without running package scripts.
 */
const BOOTSTRAP = `
export TMPDIR="$(dirname "$1")" # A bootstrap that is killed leaves its keys there and not in /tmp.
declare_present='
  for package in '"$4"'; do
    printf "Package: %s\\nStatus: install ok installed\\nVersion: 99:0\\nArchitecture: amd64\\n" $package
    printf "Multi-Arch: foreign\\nMaintainer: viper\\nDescription: not needed\\n\\n"
  done >"$1/var/lib/dpkg/status"'
mmdebstrap --quiet --mode=root --variant=extract --format=directory --architectures=amd64 \\
  --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \\
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \\
  --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/lib/debug/*' \\
  --setup-hook="$declare_present" --include="$3" "$2" "$1" $5
`;

/** $1: the root. Prints the kernel's version, and makes modules.dep. */
const KERNEL_VERSION = `
cd "$1"
[ -d lib/modules ] || ln -sfn usr/lib lib
version=$(ls lib/modules | tail -n 1)
depmod -b "$PWD" "$version"
printf '%s' "$version"
`;

/** $1: modules' folder, $2: target folder, further: modules in their order. Unpacks them. */
const COPY_MODULES = `
from=$1 to=$2
mkdir -p "$to"
: >"$to/order"
for module in "\${@:3}"; do
  name=$(basename "$module" | sed 's/\\.ko.*$/.ko/')
  case "$module" in
  *.xz) xz -dc "$from/$module" >"$to/$name" ;;
  *.zst) zstd -qdc "$from/$module" >"$to/$name" ;;
  *) cp "$from/$module" "$to/$name" ;;
  esac
  printf '%s\\n' "$name" >>"$to/order"
done
`;

/** Makes a base from Debian's packages. `enter` is told which phase begins. */
export async function makeBase(
  bench: Bench,
  settings: BaseSettings,
  enter: (phase: BuildPhase, detail?: string) => void,
): Promise<Base> {
  const { host, staging } = bench;
  const dir = `${staging}/base`;
  const root = `${dir}/root`;
  await host.files.makeDir("images.build:base_dir", dir, 0o700);
  enter("packages", `${settings.suite}: ${settings.packages.length} packages`);
  await sandboxedScript(
    bench,
    "bootstrap",
    BOOTSTRAP,
    { network: true },
    root,
    settings.suite,
    settings.packages.join(","),
    ABSENT_PACKAGES.join(" "),
    settings.mirror ?? "",
  );
  enter("trim");
  const kernel_version = await takeKernel(bench, root, dir);
  await trimRoot(bench, root);
  const browser_version = await checkBrowser(bench, root, settings.flavour);
  await host.files.symlink(
    "images.build:browser_link",
    BROWSER_PATH[settings.flavour],
    `${root}/usr/lib/viper/browser`,
  );
  const facts = { kernel_version, browser_version };
  await host.files.write("images.build:base_facts", `${dir}/base.json`, JSON.stringify(facts));
  return { dir, ...facts };
}

async function takeKernel(bench: Bench, root: string, dir: string): Promise<string> {
  const { host } = bench;
  const version = (await script(bench, "kernel_version", KERNEL_VERSION, root)).stdout;
  const modules = `${root}/lib/modules/${version}`;
  await extractKernel(bench, `${root}/boot/vmlinuz-${version}`, `${dir}/vmlinux`);
  const order = orderModules(
    await host.files.readText("images.build:modules_dep", `${modules}/modules.dep`),
    await host.files.readText("images.build:modules_builtin", `${modules}/modules.builtin`),
  );
  for (const when of ["early", "late"] as const satisfies (keyof ModuleOrder)[]) {
    const target = `${dir}/modules/${when}`;
    await script(bench, `modules_${when}`, COPY_MODULES, modules, target, ...order[when]);
  }
  await script(bench, "kernel_remove", 'rm -rf "$1"/boot "$1"/lib/modules', root);
  return version;
}

/** Packs a base for later builds and drops older ones of its flavour. */
export async function keepBase(bench: Bench, base: Base, archive: string): Promise<void> {
  const pack = `
    tar -C "$1" --numeric-owner -cf - . | lz4 -q -1 >"$2.new"
    mv "$2.new" "$2"
    find "$(dirname "$2")" -name "$3-*.tar.lz4*" ! -path "$2" -delete
  `;
  const flavour = archive.replace(/^.*\//, "").replace(/-[0-9a-f]+\.tar\.lz4$/, "");
  await script(bench, "base_keep", pack, base.dir, archive, flavour);
}

/** Unpacks a base that an earlier build kept; `null` when there is none. */
export async function reuseBase(bench: Bench, archive: string): Promise<Base | null> {
  const { host, staging } = bench;
  if (await host.files.stat("images.build:base_find", archive) === null) return null;
  const dir = `${staging}/base`;
  const unpack = 'mkdir -m 0700 "$2" && lz4 -q -d -c "$1" | tar -C "$2" --numeric-owner -xpf -';
  await script(bench, "base_reuse", unpack, archive, dir);
  const facts = baseFacts.safeParse(
    JSON.parse(await host.files.readText("images.build:base_read", `${dir}/base.json`)),
  );
  if (facts.success) return { dir, ...facts.data };
  throw new ViperError(
    "image_build_failed",
    `Cannot build the image: the cache file "${archive}" is damaged`,
    { hint: "Build again with refresh on (viper images build --refresh)" },
  );
}
