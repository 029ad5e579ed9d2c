/** What a build leaves behind: with success, without, with the same inputs, and when aborted. */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { buildImage } from "../../../images/build.ts";
import { BUDGET_BYTES } from "../../../images/pack.ts";
import { IMAGE_FILES, IMAGE_LAYOUT_FILES, imageManifest } from "../../../protocol/images.ts";
import { ViperError } from "../../../protocol/problems.ts";
import { type FakeBuild, fakeBuild } from "./fake_build_host.ts";

function test(name: string, body: (fake: FakeBuild, dir: string) => Promise<void>): void {
  Deno.test(name, async () => {
    const dir = await Deno.makeTempDir({ prefix: "viper-images-" });
    try {
      await body(await fakeBuild(dir), dir);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
}

/** Names in the image's folder that are no staging and no lock. */
async function names(path: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir(path)) found.push(name);
  return found.sort();
}

const current = ({ options }: FakeBuild) => `${options.outDir}/current`;
const readManifest = async (fake: FakeBuild) =>
  imageManifest.parse(JSON.parse(await Deno.readTextFile(`${current(fake)}/manifest.json`)));

function isBuildFailure(message: RegExp) {
  return (error: unknown) =>
    error instanceof ViperError && error.code === "image_build_failed" &&
    message.test(error.message);
}

test("buildImage() leaves an image whose manifest and checksums hold", async (fake) => {
  const { manifest, unchanged, dir } = await buildImage(fake.options, fake.host);
  equal(unchanged, false);
  equal(dir, current(fake));
  deepEqual(await readManifest(fake), manifest);
  equal(manifest.kernel_version, "6.1.0");
  equal(manifest.browser_version, "156.0.1.2");
  equal(manifest.deno_version, "2.9.6");
  deepEqual(Object.keys(manifest.files).sort(), [...IMAGE_LAYOUT_FILES.disk].sort());
  const sums = new Deno.Command("sha256sum", {
    args: ["--check", "--quiet", IMAGE_FILES.checksums],
    cwd: dir,
  });
  equal((await sums.output()).code, 0);
  deepEqual(await names(fake.options.outDir), [".lock", "builds", "cache", "current"]);
});

test("buildImage() does nothing when no input has changed", async (fake) => {
  await buildImage(fake.options, fake.host);
  fake.steps.length = 0;
  const again = await buildImage(fake.options, fake.host);
  equal(again.unchanged, true);
  deepEqual(fake.steps, ["checksum"]);
});

test("buildImage() builds again when a file of the image is gone or cut short", async (fake) => {
  await buildImage(fake.options, fake.host);
  await Deno.truncate(`${current(fake)}/${IMAGE_FILES.root}`, 3);
  equal((await buildImage(fake.options, fake.host)).unchanged, false);
  await Deno.remove(`${current(fake)}/${IMAGE_FILES.kernel}`);
  equal((await buildImage(fake.options, fake.host)).unchanged, false);
  equal((await buildImage(fake.options, fake.host)).unchanged, true);
});

test(
  "buildImage() takes Debian's part from the cache when only the agent changed",
  async (fake, dir) => {
    const before = (await buildImage(fake.options, fake.host)).manifest;
    await Deno.writeTextFile(`${dir}/agent.js`, "other");
    fake.steps.length = 0;
    const { manifest } = await buildImage(fake.options, fake.host);
    ok(!fake.steps.includes("bootstrap"));
    ok(manifest.inputs_sha256 !== before.inputs_sha256);
  },
);

test("buildImage() fetches anew when asked to", async (fake) => {
  await buildImage(fake.options, fake.host);
  fake.steps.length = 0;
  await buildImage({ ...fake.options, refresh: true }, fake.host);
  ok(fake.steps.includes("bootstrap"));
});

test("buildImage() adds a layout without making the other again", async (fake) => {
  const disk = (await buildImage(fake.options, fake.host)).manifest;
  fake.steps.length = 0;
  const both = (await buildImage({ ...fake.options, layouts: ["initramfs"] }, fake.host)).manifest;
  deepEqual(both.layouts, ["disk", "initramfs"]);
  ok(!fake.steps.includes("pack_root") && !fake.steps.includes("bootstrap"));
  deepEqual(both.files[IMAGE_FILES.root], disk.files[IMAGE_FILES.root]);
  equal((await buildImage(fake.options, fake.host)).unchanged, true);
});

test("buildImage() keeps the newest two builds", async (fake, dir) => {
  for (const agent of ["a", "b", "c"]) {
    await Deno.writeTextFile(`${dir}/agent.js`, agent);
    await buildImage(fake.options, fake.host);
  }
  const builds = await names(`${fake.options.outDir}/builds`);
  equal(builds.length, 2);
  await Deno.writeTextFile(`${dir}/agent.js`, "b");
  fake.steps.length = 0;
  await buildImage(fake.options, fake.host);
  deepEqual(fake.steps, ["checksum", "tools"], "going back takes the build that is there");
});

const STEPS = [
  "tools",
  "bootstrap",
  "kernel_version",
  "kernel_unpack",
  "modules_early",
  "modules_late",
  "trim_cut",
  "trim_libraries",
  "browser_check",
  "base_keep",
  "compose_init",
  "agent_check",
  "compose_small",
  "pack_initramfs",
  "pack_root",
];

for (const step of STEPS) {
  test(`buildImage() leaves the old image and no staging when ${step} fails`, async (fake, dir) => {
    await buildImage(fake.options, fake.host);
    const before = await readManifest(fake);
    await Deno.writeTextFile(`${dir}/agent.js`, "other");
    await Deno.remove(`${fake.options.outDir}/cache`, { recursive: true });
    fake.failing = step;
    if (step === "tools") {
      await rejects(buildImage(fake.options, fake.host));
    } else {
      await rejects(buildImage(fake.options, fake.host), isBuildFailure(/went wrong/));
    }
    deepEqual(await readManifest(fake), before);
    deepEqual(
      (await names(fake.options.outDir)).filter((name) => name !== "cache"),
      [".lock", "builds", "current"],
    );
    equal((await names(`${fake.options.outDir}/builds`)).length, 1);
  });
}

const VERSION = "Chromium 156.0.1.2";

for (
  const [title, said, message] of [
    [
      "lacks a writing",
      `${VERSION}\n<title>missing: Thai, emoji.</title>`,
      /glyphs for Thai, emoji/,
    ],
    ["draws nothing", `${VERSION}\n<title>nothing</title>`, /glyphs for a page at all/],
    ["has no version", "Chromium\n<title>missing: .</title>", /no version/],
  ] as const
) {
  test(`buildImage() fails when the browser ${title}`, async (fake) => {
    fake.says["browser_check"] = said;
    await rejects(buildImage(fake.options, fake.host), isBuildFailure(message));
  });
}

test("buildImage() leaves the old image and no staging when aborted", async (fake, dir) => {
  await buildImage(fake.options, fake.host);
  const before = await readManifest(fake);
  await Deno.writeTextFile(`${dir}/agent.js`, "other");
  const abort = new AbortController();
  fake.onStep = (step) => step === "pack_root" && abort.abort(new Error("enough"));
  await rejects(buildImage({ ...fake.options, signal: abort.signal }, fake.host), /enough/);
  deepEqual(await readManifest(fake), before);
  deepEqual(await names(fake.options.outDir), [".lock", "builds", "cache", "current"]);
});

test("buildImage() shows a reader one whole build at every step", async (fake, dir) => {
  await buildImage(fake.options, fake.host);
  const before = await Deno.realPath(current(fake));
  await Deno.writeTextFile(`${dir}/agent.js`, "other");
  fake.onStep = () => equal(Deno.realPathSync(current(fake)), before);
  await buildImage(fake.options, fake.host);
  ok(await Deno.realPath(current(fake)) !== before);
  ok((await Deno.stat(before)).isDirectory, "the build before stays for those who read it");
});

for (
  const [name, step] of [[IMAGE_FILES.root, "pack_root"], [
    IMAGE_FILES.initramfs,
    "pack_initramfs",
  ]] as const
) {
  test(`buildImage() fails when ${name} is over its budget`, async (fake) => {
    fake.sizes[step] = (BUDGET_BYTES[name] ?? 0) + 1;
    await rejects(buildImage(fake.options, fake.host), isBuildFailure(/its budget is \d+\.0 MB/));
    deepEqual(await names(fake.options.outDir), [".lock", "cache"]);
  });
}

test("buildImage() removes the staging of a build that was killed", async (fake) => {
  const stale = `${fake.options.outDir}/.building-old/base`;
  await Deno.mkdir(stale, { recursive: true });
  await buildImage(fake.options, fake.host);
  ok(!(await names(fake.options.outDir)).includes(".building-old"));
});

test("buildImage() keeps its staging to itself", async (fake) => {
  let modes = 0;
  fake.onStep = () => {
    const entries = [...Deno.readDirSync(fake.options.outDir)];
    for (const { name } of entries.filter((entry) => entry.name.startsWith(".building-"))) {
      equal((Deno.statSync(`${fake.options.outDir}/${name}`).mode ?? 0) & 0o777, 0o700);
      modes++;
    }
  };
  await Deno.mkdir(fake.options.outDir);
  await buildImage(fake.options, fake.host);
  ok(modes > 0);
});

test("buildImage() leaves files that every hypervisor's user can read, whatever the umask", async (fake) => {
  const umask = Deno.umask(0o077);
  try {
    await buildImage(fake.options, fake.host);
  } finally {
    Deno.umask(umask);
  }
  for (const name of await names(current(fake))) {
    equal(((await Deno.stat(`${current(fake)}/${name}`)).mode ?? 0) & 0o777, 0o644, name);
  }
});

test("buildImage() names the apt command when a tool is missing", async (fake) => {
  const host = {
    ...fake.host,
    run: (...call: Parameters<typeof fake.host.run>) =>
      call[0] === "images.build:tools"
        ? Promise.resolve({ stdout: "mkfs.erofs\n", stderr: "", code: 0, signal: null })
        : fake.host.run(...call),
  };
  await rejects(
    buildImage(fake.options, host),
    (error) =>
      isBuildFailure(/"mkfs.erofs" not found/)(error) && error instanceof ViperError &&
      /^apt-get install .*\berofs-utils\b/.test(error.hint ?? ""),
  );
});

test("buildImage() says that it needs root", async (fake) => {
  await rejects(buildImage(fake.options, { ...fake.host, isRoot: false }), isBuildFailure(/root/));
});

for (
  const [title, change, message] of [
    ["a suite with a space", { suite: "book worm" }, /suite/],
    ["a suite that looks like an option", { suite: "--hook" }, /suite/],
    ["a mirror with a quote", { mirror: "http://x/'$(id)" }, /mirror/],
    ["a mirror that is no URL", { mirror: "-oDebug" }, /mirror/],
    ["a package with a comma", { extraPackages: ["a,b"] }, /package/],
    ["an init folder that is not there", { initDir: "/nonexistent" }, /does not exist/],
  ] as const
) {
  test(`buildImage() refuses ${title}`, async (fake) => {
    await rejects(buildImage({ ...fake.options, ...change }, fake.host), isBuildFailure(message));
    deepEqual(fake.steps, []);
  });
}

test("buildImage() tells each phase's begin and end, in their order", async (fake) => {
  const seen: string[] = [];
  const onProgress = ({ phase, state }: { phase: string; state: string }) => {
    if (state !== "progress") seen.push(`${phase} ${state}`);
  };
  await buildImage({ ...fake.options, onProgress }, fake.host);
  const phases = ["inputs", "packages", "trim", "compose", "pack", "publish"];
  deepEqual(seen, phases.flatMap((phase) => [`${phase} start`, `${phase} done`]));
});
