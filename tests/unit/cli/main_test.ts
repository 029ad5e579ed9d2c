/** Command lines from argv to exit code, over the REST app without a socket. */
import assert from "node:assert/strict";
import { runCli } from "../../../cli/main.ts";
import { VERSION } from "../../../protocol/version.ts";
import { until } from "../../until.ts";
import { type ApiWorld, apiWorld } from "../server/api/api_world.ts";
import { ScriptTerminal } from "./script_terminal.ts";

const ASSETS = {
  selfCommand: ["viper"],
  agentCommand: ["agent"],
  guestAgent: { kind: "binary", path: "/none" },
  initDir: "/none",
} as const;

/** Runs a command line against the app, or against nobody. */
function cli(
  argv: readonly string[],
  api: ApiWorld | null,
  { env = {}, signal = new AbortController().signal, terminal = new ScriptTerminal() }: {
    env?: Record<string, string>;
    signal?: AbortSignal;
    terminal?: ScriptTerminal;
  } = {},
): Promise<{ code: number; terminal: ScriptTerminal }> {
  const fetch = async (_label: string, url: string, init?: RequestInit) => {
    if (api === null) throw new TypeError("connection refused");
    return await api.app.fetch(new Request(url, init));
  };
  const net = { fetch } as never;
  const host = { env, net } as never;
  return runCli(argv, { host, terminal, signal, assets: ASSETS }).then((code) => ({
    code,
    terminal,
  }));
}

Deno.test("viper vms creates, gets, lists and deletes", async () => {
  await using api = await apiWorld();
  const made = await cli(["vms", "create", "one", "--cpu", "1", "--memory", "128"], api);
  assert.equal(made.code, 0, made.terminal.errors);
  assert.match(made.terminal.written, /^name: one$/m);
  assert.match(made.terminal.written, /^memory_mb: 128$/m);
  const listed = await cli(["vms", "list", "--json"], api);
  assert.equal(JSON.parse(listed.terminal.written)[0].cpu_cores, 1);
  assert.equal((await cli(["vms", "get", "one"], api)).code, 0);
  const gone = await cli(["vms", "delete", "one"], api);
  assert.deepEqual([gone.code, gone.terminal.written], [0, ""]);
  assert.equal((await cli(["vms", "list"], api)).terminal.written, "none\n");
});

Deno.test("viper says on standard error what failed, with its hint, and exits with 1", async () => {
  await using api = await apiWorld({ vmLimit: 1 });
  const missing = await cli(["vms", "get", "one"], api);
  assert.deepEqual([missing.code, missing.terminal.written], [1, ""]);
  assert.equal(missing.terminal.errors, 'viper: Cannot find VM "one"\n');
  await cli(["vms", "create", "one"], api);
  const full = await cli(["vms", "create", "two"], api);
  assert.match(full.terminal.errors, /^viper: Cannot create VM "two".*\n {2}Delete a VM/);
  const browser = await cli(["browser", "click", "one", "#a"], api);
  assert.equal(browser.terminal.errors, 'viper: Cannot reach VM "one": it is starting\n');
});

for (const argv of [["vms", "list"], ["vms", "watch"], ["system", "status"]]) {
  Deno.test(`viper ${argv.join(" ")} says how to start a daemon that does not answer`, async () => {
    const { code, terminal } = await cli(["--api", "http://127.0.0.1:1", ...argv], null);
    assert.equal(code, 1);
    assert.equal(
      terminal.errors,
      'viper: Cannot reach the daemon at http://127.0.0.1:1: start it with "viper serve", or name ' +
        "another with --api\n",
    );
  });
}

for (const argv of [["surely-unknown"], ["vms", "create"], ["vms", "list", "--odd"]]) {
  Deno.test(`viper ${argv.join(" ")} is wrongly asked: exit code 2`, async () => {
    const { code, terminal } = await cli(argv, null);
    assert.equal(code, 2);
    assert.match(terminal.errors, /^error: /);
  });
}

for (const api of ["nonsense", "ftp://a", "http://"]) {
  Deno.test(`viper --api ${api} is told what an address looks like`, async () => {
    const { code, terminal } = await cli(["--api", api, "vms", "list"], null);
    assert.equal(code, 2);
    assert.match(terminal.errors, /Cannot use ".*" as the daemon's address: write it as http/);
  });
}

for (const argv of [["--version"], ["version"], ["-V"]]) {
  Deno.test(`viper ${argv.join(" ")} prints the version`, async () => {
    const { code, terminal } = await cli(argv, null);
    assert.deepEqual([code, terminal.written], [0, `${VERSION}\n`]);
  });
}

Deno.test("viper sends VIPER_API_KEY, and says so when the key is wrong", async () => {
  await using api = await apiWorld({ rules: { apiKey: "k", listenHostname: "127.0.0.1" } });
  assert.equal((await cli(["vms", "list"], api, { env: { VIPER_API_KEY: "k" } })).code, 0);
  const wrong = await cli(["vms", "list"], api, { env: { VIPER_API_KEY: "x" } });
  assert.equal(wrong.code, 1);
  assert.match(wrong.terminal.errors, /invalid api key/);
});

Deno.test("viper vms watch prints events until it is interrupted, then exits with 0", async () => {
  await using api = await apiWorld();
  const stop = new AbortController();
  const terminal = new ScriptTerminal();
  const watching = cli(["vms", "watch", "--after", "0"], api, { signal: stop.signal, terminal });
  await cli(["vms", "create", "one"], api);
  await until("the event", () => terminal.written.includes("VM_CREATED  one"));
  api.closing.abort();
  stop.abort();
  assert.equal((await watching).code, 0);
});
