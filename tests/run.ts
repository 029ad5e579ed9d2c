/**
 * `deno task test`: builds the binaries, then runs every group of tests in order, each with a
 * bound, tells once more what failed, and ends in the line `N passed, N failed`.
 *
 * @module
 */
import { failuresOf } from "./failures.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";

/** Failures that are told again at the end, where they are found also in a log that was cut. */
const FAILURES_TOLD_MAX = 20;

interface Group {
  readonly name: string;
  readonly folders: readonly string[];
  /** The group is ended after this many seconds and counts as one failure. */
  readonly bound_s: number;
  /** In a network and process namespace of its own, which only root can make. */
  readonly isolated: boolean;
  /** As many files at a time as there are cores: they share nothing but the processors. */
  readonly parallel?: boolean;
}

const GROUPS: readonly Group[] = [
  {
    name: "unit, style, functional",
    folders: ["tests/unit", "tests/style", "tests/functional"],
    bound_s: 600,
    isolated: false,
    parallel: true,
  },
  { name: "clients", folders: ["tests/clients"], bound_s: 420, isolated: false },
  { name: "conformance", folders: ["tests/conformance"], bound_s: 240, isolated: true },
  { name: "faults", folders: ["tests/faults"], bound_s: 420, isolated: true },
  { name: "soak", folders: ["tests/soak"], bound_s: 240, isolated: true },
  { name: "end to end", folders: ["tests/e2e"], bound_s: 900, isolated: true },
];

/** Loopback is the only link of a new namespace; everything in it ends with its first process. */
const ISOLATE = [
  ...["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"],
  ...["sh", "-c", 'ip link set lo up && "$@"; exit $?', "sh"],
];

const ROOT = new URL("..", import.meta.url).pathname;

interface Told extends Outcome {
  /** Each with the begin of its error. */
  readonly failures: readonly string[];
}

async function main(): Promise<Outcome> {
  const prepared = await prepare();
  if (!prepared) return { passed: 0, failed: 1 };
  const total = { passed: 0, failed: 0 };
  const told: string[] = [];
  for (const group of GROUPS) {
    const { passed, failed, failures } = await runGroup(group);
    total.passed += passed;
    total.failed += failed;
    told.push(...failures.map((failure) => `${group.name}: ${failure}`));
  }
  if (told.length > 0) {
    const more = told.length - FAILURES_TOLD_MAX;
    console.log("\n=== what failed");
    for (const failure of told.slice(0, FAILURES_TOLD_MAX)) console.log(`\n${failure}`);
    if (more > 0) console.log(`\nand ${more} more`);
  }
  return total;
}

/** What tests stand on: the binaries, and every module on disk, since a namespace has no network. */
async function prepare(): Promise<boolean> {
  const files = (await Promise.all(GROUPS.flatMap((group) => group.folders).map(testFiles))).flat();
  const steps = [["task", "--quiet", "build"], ["cache", "--quiet", ...files]];
  for (const args of steps) {
    const { success } = await command([Deno.execPath(), ...args]).spawn().status;
    if (!success) return false;
  }
  return await buildImage();
}

/** The guest image that end-to-end tests boot; nothing is done when its inputs are unchanged. */
async function buildImage(): Promise<boolean> {
  if ((await testFiles("tests/e2e")).length === 0) return true;
  const argv = ["timeout", "600", "dist/viper", "images", "build", "--out", "dist/image"];
  return (await command(argv).spawn().status).success;
}

async function runGroup(group: Group): Promise<Told> {
  const files = (await Promise.all(group.folders.map(testFiles))).flat();
  if (files.length === 0) return { passed: 0, failed: 0, failures: [] };
  console.log(`\n=== ${group.name}`);
  if (group.isolated && Deno.uid() !== 0) {
    console.log("skipped: only root can make the network namespace that these tests run in");
    return { passed: 0, failed: 0, failures: [] };
  }
  const child = command([
    ...["timeout", "--kill-after=10", String(group.bound_s)],
    ...(group.isolated ? ISOLATE : []),
    ...[Deno.execPath(), "test", "--allow-all", "--no-check", "--shuffle"],
    ...(group.parallel ? ["--parallel"] : []),
    ...files,
  ], "piped").spawn();
  const text = await echo(child.stdout);
  const { code } = await child.status;
  if (code === 124) console.log(`ended: ${group.name} took longer than ${group.bound_s} s`);
  return { ...outcomeOf(text, code), failures: failuresOf(text, code) };
}

function command(argv: readonly string[], stdout: "inherit" | "piped" = "inherit"): Deno.Command {
  const [program = "", ...args] = argv;
  return new Deno.Command(program, {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout,
    stderr: "inherit",
  });
}

/** Shows a stream as it comes and returns its text. */
async function echo(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  const [shown, kept] = stream.tee();
  const showing = shown.pipeTo(Deno.stdout.writable, { preventClose: true });
  const text = await new Response(kept).text();
  await showing;
  return text;
}

/** Test files below a folder of the project; none when there is no such folder. */
async function testFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  try {
    for await (const entry of Deno.readDir(`${ROOT}/${folder}`)) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory) files.push(...await testFiles(path));
      else if (entry.name.endsWith("_test.ts")) files.push(path);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return files.sort();
}

const { passed, failed } = await main();
console.log(`\n${passed} passed, ${failed} failed`);
Deno.exit(failed === 0 ? 0 : 1);
