/** Real commands: how they end, and that none of them outlives its bound. */
import assert from "node:assert/strict";
import { denoRun, denoSpawn } from "../../../host/deno_process.ts";
import { CommandError } from "../../../host/host.ts";

const run = (script: string, options: Parameters<typeof denoRun>[2] = {}) =>
  denoRun("test:run", ["/bin/sh", "-c", script], options);

/** How long a command that ought to be killed would run, in seconds. */
const LONG_S = 20;

/** Fails when the body takes as long as a command that was not killed. */
async function quickly(body: () => Promise<unknown>): Promise<void> {
  const startedMs = performance.now();
  await body();
  assert.ok(performance.now() - startedMs < LONG_S * 1_000 / 2, "the command was waited for");
}

Deno.test("denoRun() returns both outputs and the code", async () => {
  const output = await run("echo out; echo err >&2");
  assert.deepEqual(output, { stdout: "out\n", stderr: "err\n", code: 0, signal: null });
});

Deno.test("denoRun() rejects another code with what the command said", async () => {
  await assert.rejects(run("echo why >&2; exit 3"), (error: unknown) => {
    assert.ok(error instanceof CommandError);
    assert.equal(error.code, "failed");
    assert.match(error.message, /ended with code 3: why$/);
    assert.equal(error.output?.code, 3);
    return true;
  });
  await assert.rejects(run("exit 0", { okCodes: [1] }), { code: "failed" });
  assert.equal((await run("exit 3", { okCodes: [0, 3] })).code, 3);
});

Deno.test("denoRun() hands on input, environment and folder", async () => {
  const { stdout } = await run('cat; printf "%s %s" "$VIPER_TEST" "$PWD"', {
    stdin: "é in\n",
    env: { VIPER_TEST: "set" },
    cwd: "/",
  });
  assert.equal(stdout, "é in\nset /");
  assert.equal((await run("cat")).stdout, "");
});

Deno.test("denoRun() is content with a command that does not read its input", async () => {
  assert.equal((await run("exit 0", { stdin: "x".repeat(1_000_000) })).code, 0);
});

Deno.test("denoRun() names a missing program as not_found, and refuses an empty command", async () => {
  await assert.rejects(denoRun("test:run", ["/no/such/program"]), (error: unknown) => {
    assert.ok(error instanceof CommandError);
    assert.equal(error.code, "not_found");
    assert.equal(error.message, 'Cannot start "/no/such/program"');
    return true;
  });
  await assert.rejects(denoRun("test:run", []), /empty command/);
});

const STUBBORN: readonly [string, string][] = [
  ["sleeps", `exec sleep ${LONG_S}`],
  ["leaves a child with its output open", `sleep ${LONG_S} & echo; wait`],
  ["ends and leaves a child with its output open", `sleep ${LONG_S} & exit 0`],
];
for (const [what, script] of STUBBORN) {
  Deno.test(`denoRun() ends a command that ${what} with timeout`, async () => {
    await quickly(() => assert.rejects(run(script, { timeoutMs: 200 }), { code: "timeout" }));
  });
}

Deno.test("denoRun() kills a command that ignores SIGTERM", async () => {
  const script = `trap "" TERM; exec sleep ${LONG_S}`;
  await quickly(() => assert.rejects(run(script, { timeoutMs: 200 }), { code: "timeout" }));
});

Deno.test("denoRun() ends with its signal's reason, before and while it runs", async () => {
  const reason = new Error("not wanted any more");
  const stop = new AbortController();
  const running = assert.rejects(run(`exec sleep ${LONG_S}`, { signal: stop.signal }), reason);
  stop.abort(reason);
  await quickly(() => running);
  const folder = await Deno.makeTempDir({ prefix: "viper-run-" });
  await assert.rejects(run(`touch ${folder}/ran`, { signal: stop.signal }), reason);
  assert.deepEqual([...Deno.readDirSync(folder)], []);
  await Deno.remove(folder);
});

Deno.test("denoSpawn() pipes both outputs, tells the code and bears a late kill", async () => {
  const child = await denoSpawn("test:spawn", ["/bin/sh", "-c", "echo out; echo err >&2; exit 4"], {
    output: "piped",
  });
  assert.ok(child.output !== null);
  assert.equal(await new Response(child.output).text(), "out\nerr\n");
  assert.deepEqual(await child.exited, { code: 4, signal: null });
  child.kill("SIGKILL");
});

Deno.test("denoSpawn() appends to a file and replaces the environment", async () => {
  const file = await Deno.makeTempFile({ prefix: "viper spawn " });
  for (const word of ["one", "two $HOME"]) {
    const child = await denoSpawn("test:spawn", ["/bin/sh", "-c", 'echo "$0" "$HOME" >&2', word], {
      output: { file },
      env: {},
    });
    assert.equal((await child.exited).code, 0);
  }
  assert.equal(await Deno.readTextFile(file), "one \ntwo $HOME \n");
  await Deno.remove(file);
});

Deno.test("denoSpawn() tells the signal that ended a process, 128 + n as code", async () => {
  const child = await denoSpawn("test:spawn", ["/bin/sleep", String(LONG_S)]);
  child.kill("SIGKILL");
  assert.deepEqual(await child.exited, { code: 137, signal: "SIGKILL" });
});

Deno.test("denoSpawn() names a missing program as not_found", async () => {
  await assert.rejects(denoSpawn("test:spawn", ["/no/such/program"]), { code: "not_found" });
});
