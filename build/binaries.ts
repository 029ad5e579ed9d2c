/**
 * `deno task build`: dist/viper and dist/viper-agent, each one file that needs nothing installed.
 *
 * Sources are bundled, staged with their assets, then made into an executable of one of two kinds
 * that behave the same: compiled where denort can be had, self-extracting where it cannot.
 * Unchanged inputs leave dist/ as it is.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { run } from "./command.ts";
import { whyNotCompile, writeCompiled } from "./compiled.ts";
import { digestOfFolder, listFiles } from "./digest.ts";
import { minifyFolder } from "./minify.ts";
import { compressRuntime, writeSelfExtracting } from "./self_extracting.ts";

const ROOT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
const DIST = `${ROOT}/dist`;
const CACHE = `${DIST}/.cache`;

/** Folders that no binary contains. */
const NOT_INPUTS = ["dist", "node_modules", "tests", "docs"];

/**
 * Deno opens /proc, /sys and /dev to programs with all permissions only, whatever else is allowed
 * (https://docs.deno.com/runtime/fundamentals/security/), and daemon and agent read /proc.
 */
const PERMISSIONS = ["--allow-all", "--no-prompt"];

/** A request's signal then means that the client is gone, and not that all went well. */
const BEHAVIOUR = ["--unstable-no-legacy-abort"];

/**
 * The bundle is all the code there is: no look at configuration, lock file or registries. Room
 * (MB) for what starting up allocates spares its garbage collections, a third of the start's time;
 * no more than that later keeps a daemon that runs for months from growing.
 */
const RUN_FLAGS = [
  "--quiet",
  "--no-config",
  "--no-lock",
  "--no-remote",
  "--no-npm",
  "--no-check",
  "--v8-flags=--min-semi-space-size=16,--max-semi-space-size=16",
];

interface Binary {
  readonly name: string;
  /** The module that runs. Its dynamic imports become files of their own, loaded when needed. */
  readonly entry: string;
  /** Programs that it carries as one file each, by the file's name. */
  readonly carried: Readonly<Record<string, string>>;
  /** Folders of the project whose files the program reads. */
  readonly assets: readonly string[];
}

/** The agent as one file, for the guest image. */
const AGENT = { "agent.js": "agent/main.ts" };

const BINARIES: readonly Binary[] = [
  // The image builder puts the agent and the init into the guest.
  { name: "viper", entry: "main.ts", carried: AGENT, assets: ["init"] },
  { name: "viper-agent", entry: "agent/main.ts", carried: {}, assets: [] },
];

const OUTPUTS = [...BINARIES.map((binary) => binary.name), "agent.js"];

type Kind = "compiled" | "self-extracting";

async function build(forced: Kind | undefined): Promise<void> {
  await Deno.mkdir(CACHE, { recursive: true });
  const inputs = `${await digestOfFolder(ROOT, NOT_INPUTS)} ${forced ?? "any"}\n`;
  if (await isBuiltFrom(inputs)) {
    console.log("dist/viper and dist/viper-agent are up to date");
    return;
  }
  const kind = forced ?? await kindOfThisHost();
  const stage = await Deno.makeTempDir({ dir: CACHE, prefix: "stage-" });
  try {
    for (const binary of BINARIES) await makeBinary(binary, kind, `${stage}/${binary.name}`);
    // What a `viper` run from the sources puts into a guest image.
    await Deno.rename(`${stage}/viper/agent.js`, `${DIST}/agent.js`);
    await Deno.writeTextFile(`${CACHE}/inputs`, inputs);
  } finally {
    await Deno.remove(stage, { recursive: true });
  }
}

async function kindOfThisHost(): Promise<Kind> {
  const reason = await whyNotCompile();
  if (reason === null) return "compiled";
  console.log(
    `deno compile has no runtime base here, so the binaries extract themselves: ${reason}`,
  );
  return "self-extracting";
}

async function isBuiltFrom(inputs: string): Promise<boolean> {
  try {
    for (const name of OUTPUTS) await Deno.lstat(`${DIST}/${name}`);
    return await Deno.readTextFile(`${CACHE}/inputs`) === inputs;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function bundle(source: string, ...output: string[]): Promise<void> {
  await run([
    ...[Deno.execPath(), "bundle", "--quiet", "--platform", "deno"],
    ...[...output, `${ROOT}/${source}`],
  ], { cwd: ROOT });
}

async function makeBinary(binary: Binary, kind: Kind, stage: string): Promise<void> {
  await bundle(binary.entry, "--code-splitting", "--outdir", stage);
  for (const [name, source] of Object.entries(binary.carried)) {
    await bundle(source, "--output", `${stage}/${name}`);
  }
  await minifyFolder(stage);
  for (const folder of binary.assets) await copyFolder(`${ROOT}/${folder}`, `${stage}/${folder}`);
  const entry = "main.js";
  const output = `${DIST}/${binary.name}`;
  if (kind === "compiled") {
    await writeCompiled(stage, entry, [...PERMISSIONS, ...BEHAVIOUR], output);
  } else {
    const runtime = await compressRuntime(Deno.execPath(), CACHE);
    const flags = [...RUN_FLAGS, ...PERMISSIONS, ...BEHAVIOUR];
    await writeSelfExtracting({ name: binary.name, stage, entry, flags, runtime, output });
  }
  const megabytes = ((await Deno.stat(output)).size / 1e6).toFixed(1);
  console.log(`dist/${binary.name}: ${megabytes} MB, ${kind}`);
}

async function copyFolder(from: string, to: string): Promise<void> {
  for (const path of await listFiles(from)) {
    const target = `${to}/${path}`;
    await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
    await Deno.copyFile(`${from}/${path}`, target);
  }
}

const { values } = parseArgs({ options: { kind: { type: "string" } } });
if (values.kind !== undefined && values.kind !== "compiled" && values.kind !== "self-extracting") {
  console.error(`Cannot build binaries of kind "${values.kind}": say compiled or self-extracting`);
  Deno.exit(2);
}
const startedAt = performance.now();
await build(values.kind);
console.log(`Built in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
