/** Programs that Viper calls, and the Debian packages that have them. */
import * as z from "zod";
import { CommandError, type Host } from "../../host/host.ts";
import type { Kept, Kind } from "../step.ts";

/** How long apt may take, in milliseconds. */
const APT_TIMEOUT_MS = 20 * 60_000;
const APT_ENV = { DEBIAN_FRONTEND: "noninteractive" };

const need = z.strictObject({ program: z.string(), package: z.string() });
/** A program, and the package that has it. */
export type Need = z.infer<typeof need>;

const what = z.strictObject({ needs: z.array(need) });
const nothing = z.strictObject({});
/** All that apt said it would add, dependencies included. */
const before = z.strictObject({ added: z.array(z.string()) });
type What = z.infer<typeof what>;

/** What apt knows of the archive; looked up anew only when it knows too little. */
export const packageListsKind: Kind<What, z.infer<typeof nothing>> = {
  name: "package_lists",
  what,
  before: nothing,
  title: () => "lists of packages",
  look: async (host, { needs }) => {
    const missing = await missingPackages(host, needs);
    return missing.length === 0 || await simulate(host, missing) !== null ? null : {};
  },
  apply: async (host) => {
    const argv = ["apt-get", "--quiet", "update"];
    await host.run("setup.packages:update", argv, { timeoutMs: APT_TIMEOUT_MS });
  },
  undo: () => Promise.resolve(null),
};

export const packagesKind: Kind<What, z.infer<typeof before>> = {
  name: "packages",
  what,
  before,
  title: () => "packages",
  look: async (host, { needs }) => {
    const missing = await missingPackages(host, needs);
    return missing.length === 0 ? null : { added: await simulate(host, missing) ?? missing };
  },
  apply: async (host, { needs }) => {
    const missing = await missingPackages(host, needs);
    const argv = ["apt-get", "--quiet", "--yes", "--no-install-recommends", "install", ...missing];
    await host.run("setup.packages:install", argv, { timeoutMs: APT_TIMEOUT_MS, env: APT_ENV });
  },
  undo: async (host, _what, { added }, { packages }): Promise<Kept | null> => {
    const left = await installed(host, added);
    if (left.length === 0) return null;
    if (!packages) {
      const hint = "--undo --packages removes them";
      return { what: `packages ${left.join(" ")}`, hint };
    }
    const argv = ["apt-get", "--quiet", "--yes", "purge", ...left];
    await host.run("setup.packages:purge_undo", argv, { timeoutMs: APT_TIMEOUT_MS, env: APT_ENV });
    return null;
  },
};

/** Packages whose programs cannot be found. */
export async function missingPackages(host: Host, needs: readonly Need[]): Promise<string[]> {
  const missing = new Set<string>();
  for (const { program, package: name } of needs) {
    if (!await hasProgram(host, program)) missing.add(name);
  }
  return [...missing];
}

/** Whether the program is on PATH. */
export async function hasProgram(host: Host, program: string): Promise<boolean> {
  const argv = ["/bin/sh", "-c", 'command -v -- "$1"', "sh", program];
  return (await host.run("setup.packages:look", argv, { okCodes: [0, 1, 127] })).code === 0;
}

/** What apt would add; `null` when it does not know the packages. */
async function simulate(host: Host, packages: readonly string[]): Promise<string[] | null> {
  try {
    const { stdout } = await host.run("setup.packages:simulate", [
      ...["apt-get", "--simulate", "--no-install-recommends", "install", ...packages],
    ]);
    return addedPackages(stdout);
  } catch (error) {
    if (error instanceof CommandError && error.code === "failed") return null;
    throw error;
  }
}

/** Names in the lines `Inst NAME (VERSION …)`; one with an old version in brackets was there. Pure. */
export function addedPackages(simulation: string): string[] {
  return [...simulation.matchAll(/^Inst (\S+) \(/gm)].map(([, name = ""]) => name);
}

async function installed(host: Host, packages: readonly string[]): Promise<string[]> {
  const format = "${db:Status-Abbrev}${Package}\\n";
  const { stdout } = await host.run(
    "setup.packages:installed_undo",
    ["dpkg-query", "--show", `--showformat=${format}`, ...packages],
    // 1: some of them are unknown.
    { okCodes: [0, 1] },
  );
  const names = [...stdout.matchAll(/^ii (\S+)$/gm)].map(([, name]) => name);
  return packages.filter((name) => names.includes(name));
}
