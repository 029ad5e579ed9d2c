import assert from "node:assert/strict";
import { compressRuntime, writeSelfExtracting } from "../../../build/self_extracting.ts";

/** What each stand-in program does; it runs on the Deno that runs this test. */
const PROGRAM = `
  const [verb, ...rest] = Deno.args;
  if (verb === "show") {
    const stdin = await new Response(Deno.stdin.readable).text();
    const asset = Deno.readTextFileSync(import.meta.dirname + "/init/asset.txt");
    const self = Deno.env.get("VIPER_SELF");
    console.log(JSON.stringify({ rest, stdin, asset, self, pid: Deno.pid }));
    Deno.exit(7);
  }
  if (verb === "wait") {
    const timer = setInterval(() => {}, 1000);
    Deno.addSignalListener("SIGTERM", () => { clearInterval(timer); Deno.exit(9); });
    console.log("ready");
  }
`;

const FLAGS = ["--quiet", "--no-config", "--no-lock", "--allow-read", "--allow-env"];
const REFUSED = 126;

/** A folder of the test's own, with one self-extracting program in it and an empty cache. */
class Fixture implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  static async make(): Promise<Fixture> {
    const fixture = new Fixture(await Deno.makeTempDir({ prefix: "viper build " }));
    await Deno.mkdir(`${fixture.folder}/stage/init`, { recursive: true });
    await Deno.writeTextFile(`${fixture.folder}/stage/init/asset.txt`, "asset");
    await Deno.writeTextFile(`${fixture.folder}/stage/program.js`, PROGRAM);
    const runtime = `#!/bin/sh\nexec '${Deno.execPath()}' "$@"\n`;
    await Deno.writeTextFile(`${fixture.folder}/runtime`, runtime, { mode: 0o755 });
    await fixture.pack();
    return fixture;
  }

  get program(): string {
    return `${this.folder}/program`;
  }

  get cache(): string {
    return `${this.folder}/cache`;
  }

  async pack(flags: string[] = FLAGS): Promise<void> {
    await writeSelfExtracting({
      name: "program",
      stage: `${this.folder}/stage`,
      entry: "program.js",
      flags,
      runtime: await compressRuntime(`${this.folder}/runtime`, this.folder),
      output: this.program,
    });
  }

  start(args: string[], env: Record<string, string> = {}, program = this.program) {
    return new Deno.Command(program, {
      args,
      clearEnv: true,
      cwd: this.folder,
      env: { PATH: Deno.env.get("PATH") ?? "", VIPER_CACHE_DIR: this.cache, ...env },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  async run(args: string[], env: Record<string, string> = {}, program = this.program, stdin = "") {
    const child = this.start(args, env, program);
    const writer = child.stdin.getWriter();
    // A program that refuses to start closes its input unread.
    await writer.write(new TextEncoder().encode(stdin)).catch(() => {});
    await writer.close().catch(() => {});
    const { code, stdout, stderr } = await child.output();
    const text = new TextDecoder();
    return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
  }

  /** What the cache holds: versions, and what should not be there. */
  async cached(): Promise<{ versions: string[]; partial: string[] }> {
    const names = await namesIn(this.cache);
    const versions = names.filter((name) => /^[0-9a-f]{16}$/.test(name));
    const inside = await Promise.all(versions.map((name) => namesIn(`${this.cache}/${name}`)));
    const partial = [...names, ...inside.flat()].filter((name) => name.startsWith(".new-"));
    return { versions, partial };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("writeSelfExtracting() passes arguments, input, assets, its place and the exit code", async () => {
  await using fixture = await Fixture.make();
  const args = ["a b", "", "--flag", "$HOME *"];
  for (const start of ["first", "second"]) {
    const { code, stdout, stderr } = await fixture.run(["show", ...args], {}, undefined, "input");
    assert.equal(code, 7, `${start} start: ${stderr}`);
    const { pid: _, ...shown } = JSON.parse(stdout);
    assert.deepEqual(shown, { rest: args, stdin: "input", asset: "asset", self: fixture.program });
  }
});

Deno.test("writeSelfExtracting() becomes the program, so that signals reach it", async () => {
  await using fixture = await Fixture.make();
  const child = fixture.start(["wait"]);
  const reader = child.stdout.getReader();
  assert.match(new TextDecoder().decode((await reader.read()).value), /ready/);
  child.kill("SIGTERM");
  assert.equal((await child.status).code, 9);
  await Promise.all([reader.cancel(), child.stdin.close(), child.stderr.cancel()]);
});

Deno.test("writeSelfExtracting() unpacks once when twenty start at once", async () => {
  await using fixture = await Fixture.make();
  const runs = await Promise.all(Array.from({ length: 20 }, () => fixture.run(["none"])));
  assert.deepEqual(new Set(runs.map(({ code, stderr }) => `${code} ${stderr}`)), new Set(["0 "]));
  const { versions, partial } = await fixture.cached();
  assert.equal(versions.length, 1);
  assert.deepEqual(partial, []);
});

Deno.test("writeSelfExtracting() lets the first to rename win where there is no flock", async () => {
  await using fixture = await Fixture.make();
  const tools = `${fixture.folder}/tools`;
  await Deno.mkdir(tools);
  const needed = "sh tail head gzip tar sha256sum mktemp mkdir mv rm ln ls chmod find".split(" ");
  for (const tool of needed) await Deno.symlink(await pathOf(tool), `${tools}/${tool}`);
  const runs = await Promise.all(
    Array.from({ length: 6 }, () => fixture.run(["none"], { PATH: tools })),
  );
  assert.deepEqual(new Set(runs.map(({ code, stderr }) => `${code} ${stderr}`)), new Set(["0 "]));
  const { versions, partial } = await fixture.cached();
  assert.equal(versions.length, 1);
  assert.deepEqual(partial, []);
});

Deno.test("writeSelfExtracting() starts by relative path and through a symbolic link", async () => {
  await using fixture = await Fixture.make();
  await Deno.symlink(fixture.program, `${fixture.folder}/link`);
  for (const path of ["./program", "./link"]) {
    // Only a shell passes the relative path on as it is.
    const { code, stdout, stderr } = await fixture.run(["-c", `${path} show`], {}, "/bin/sh");
    assert.equal(code, 7, stderr);
    const { self } = JSON.parse(stdout);
    assert.ok(self.startsWith("/"), self);
    assert.equal(await Deno.realPath(self), await Deno.realPath(fixture.program));
  }
});

Deno.test("writeSelfExtracting() refuses a damaged file and leaves nothing unpacked", async (t) => {
  await using fixture = await Fixture.make();
  const whole = await Deno.readFile(fixture.program);
  const flipped = whole.slice();
  const at = whole.length - 40;
  flipped[at] = (flipped[at] ?? 0) ^ 0xff;
  const damaged = { truncated: whole.subarray(0, whole.length - 100), flipped };
  for (const [kind, bytes] of Object.entries(damaged)) {
    await t.step(kind, async () => {
      const path = `${fixture.folder}/${kind}`;
      await Deno.writeFile(path, bytes, { mode: 0o755 });
      const { code, stderr } = await fixture.run(["none"], {}, path);
      assert.equal(code, REFUSED);
      assert.match(stderr, /the file is damaged or incomplete/);
      assert.deepEqual(await fixture.cached(), { versions: [], partial: [] });
    });
  }
});

Deno.test("writeSelfExtracting() says which cache folder it cannot use", async (t) => {
  await using fixture = await Fixture.make();
  await Deno.writeTextFile(`${fixture.folder}/file`, "");
  const below = `${fixture.folder}/file/cache`;
  const cases: [string, Record<string, string>, RegExp][] = [
    [
      "not writable",
      { VIPER_CACHE_DIR: below },
      /Cannot write to the cache folder ".*file\/cache"/,
    ],
    ["no HOME", { VIPER_CACHE_DIR: "" }, /Cannot choose a cache folder: HOME is not set/],
  ];
  for (const [name, env, message] of cases) {
    await t.step(name, async () => {
      const { code, stderr } = await fixture.run(["none"], env);
      assert.equal(code, REFUSED);
      assert.match(stderr, message);
    });
  }
});

Deno.test("writeSelfExtracting() falls back from VIPER_CACHE_DIR to XDG_CACHE_HOME to HOME", async () => {
  await using fixture = await Fixture.make();
  const home = `${fixture.folder}/home`;
  const xdg = `${fixture.folder}/xdg`;
  await fixture.run(["none"], { VIPER_CACHE_DIR: "", XDG_CACHE_HOME: xdg, HOME: home });
  await fixture.run(["none"], { VIPER_CACHE_DIR: "", HOME: home });
  assert.ok((await Deno.stat(`${xdg}/viper`)).isDirectory);
  assert.ok((await Deno.stat(`${home}/.cache/viper`)).isDirectory);
});

Deno.test({
  name: "writeSelfExtracting() runs nothing from a cache folder of another user (needs root)",
  ignore: Deno.uid() !== 0,
  fn: async () => {
    await using fixture = await Fixture.make();
    await fixture.run(["none"]);
    const [version = ""] = (await fixture.cached()).versions;
    for (const owned of [fixture.cache, `${fixture.cache}/${version}`]) {
      await Deno.chown(owned, 65534, 65534);
      const { code, stderr } = await fixture.run(["none"]);
      assert.equal(code, REFUSED);
      assert.match(stderr, /another user owns it/);
      await Deno.chown(owned, 0, 0);
    }
  },
});

Deno.test("writeSelfExtracting() keeps three versions and any that runs", async () => {
  await using fixture = await Fixture.make();
  // A shell in the runtime's place: its `run FLAGS… program.js` reads the script named run.
  await Deno.copyFile(await Deno.realPath("/bin/sh"), `${fixture.folder}/runtime`);
  const script = 'case "$*" in *stay*) echo ready; read line ;; esac\n';
  await Deno.writeTextFile(`${fixture.folder}/run`, script);
  await fixture.pack(["version-0"]);
  const running = fixture.start(["stay"]);
  const reader = running.stdout.getReader();
  assert.match(new TextDecoder().decode((await reader.read()).value), /ready/);
  const [kept = ""] = (await fixture.cached()).versions;
  for (let version = 1; version <= 5; version++) {
    await fixture.pack([`version-${version}`]);
    const { code, stderr } = await fixture.run([]);
    assert.equal(code, 0, stderr);
  }
  const { versions } = await fixture.cached();
  assert.equal(versions.length, 4);
  assert.ok(versions.includes(kept));
  await running.stdin.close();
  await Promise.all([running.status, reader.cancel(), running.stderr.cancel()]);
});

Deno.test("writeSelfExtracting() gives the same bytes for the same contents", async () => {
  await using fixture = await Fixture.make();
  const first = await Deno.readFile(fixture.program);
  await Deno.utime(`${fixture.folder}/stage/program.js`, 1, 1);
  await fixture.pack();
  assert.deepEqual(await Deno.readFile(fixture.program), first);
});

async function namesIn(folder: string): Promise<string[]> {
  return await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
}

async function pathOf(tool: string): Promise<string> {
  const command = new Deno.Command("sh", { args: ["-c", `command -v ${tool}`] });
  return new TextDecoder().decode((await command.output()).stdout).trim();
}
