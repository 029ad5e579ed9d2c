/** Everything that decides what an image will hold, as one hash. */
import type { Host } from "../host/host.ts";
import { ViperError } from "../protocol/problems.ts";
import { BASE_FORMAT, type BaseSettings } from "./debian.ts";
import { sha256Files, sha256Text } from "./checksums.ts";
import { INIT_FILES } from "./compose.ts";
import { EARLY_MODULES, LATE_MODULES } from "./modules.ts";
import type { BuildOptions } from "./options.ts";
import { guestPackages } from "./packages.ts";

/** Raise it when a change of the builder makes a different image from the same inputs. */
const IMAGE_FORMAT = 2;

const SUITE_DEFAULT = "bookworm";
/** Debian policy 5.6.7 for package names; suites and mirrors reach command lines, too. */
const PACKAGE_NAME = /^[a-z0-9][a-z0-9+.-]+$/;
const SUITE_NAME = /^[a-z][a-z0-9-]*$/;
const MIRROR = /^(https?|file|copy):\/{0,3}[\w.:\/~%+-]+$/;

/** The inputs of one build. Layouts are not among them: one set of inputs can have both. */
export interface Inputs {
  readonly base: BaseSettings;
  readonly baseSha256: string;
  readonly sha256: string;
}

/** Checks the options and hashes what they name. */
export async function resolveInputs(host: Host, options: BuildOptions): Promise<Inputs> {
  const { flavour, suite = SUITE_DEFAULT, mirror, extraPackages = [], agent } = options;
  check("suite", suite, SUITE_NAME);
  if (mirror !== undefined) check("mirror", mirror, MIRROR);
  for (const name of extraPackages) check("package", name, PACKAGE_NAME);
  const base: BaseSettings = {
    flavour,
    suite,
    mirror,
    packages: guestPackages(flavour, extraPackages),
  };
  const paths = [
    ...INIT_FILES.map((name) => `${options.initDir}/${name}`),
    ...(agent.kind === "binary" ? [agent.path] : [agent.deno, agent.bundle]),
  ];
  for (const path of paths) {
    if ((await host.files.stat("images.build:input", path)) !== null) continue;
    throw new ViperError("image_build_failed", `Cannot build the image: "${path}" does not exist`);
  }
  const files = await sha256Files(host, paths, options.signal);
  const modules = [EARLY_MODULES, LATE_MODULES];
  const baseSha256 = await sha256Text(JSON.stringify([BASE_FORMAT, base, modules]));
  const { agentVersion } = options;
  const all = [IMAGE_FORMAT, baseSha256, agent.kind, agentVersion, files];
  return { base, baseSha256, sha256: await sha256Text(JSON.stringify(all)) };
}

function check(what: string, value: string, pattern: RegExp): void {
  if (pattern.test(value)) return;
  throw new ViperError(
    "image_build_failed",
    `Cannot build the image: ${what} "${value}" is invalid`,
  );
}
