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
  {
    env = {},
    files = {},
    sockets = [],
    signal = new AbortController().signal,
    terminal = new ScriptTerminal(),
  }: {
    env?: Record<string, string>;
    files?: Record<string, string>;
    sockets?: readonly string[];
    signal?: AbortSignal;
    terminal?: ScriptTerminal;
  } = {},
): Promise<{ code: number; terminal: ScriptTerminal }> {
  const fetch = async (_label: string, url: string, init?: RequestInit) => {
    if (api === null) throw new TypeError("connection refused");
    return await api.app.fetch(new Request(url, init), { peer: "127.0.0.1" });
  };
  const openPool = (_label: string, { socket }: { socket: string }) => ({
    fetch: async (_label: string, url: string, init?: RequestInit) => {
      if (api === null) throw new TypeError("connection refused");
      assert.ok(sockets.includes(socket));
      return await api.app.fetch(new Request(url, init), { peer: null });
    },
    [Symbol.dispose]: () => {},
  });
  const net = { fetch, openPool } as never;
  const stat = (_label: string, path: string) =>
    Promise.resolve(
      sockets.includes(path) || path in files ? { isSocket: sockets.includes(path) } : null,
    );
  const readText = (_label: string, path: string) =>
    path in files ? Promise.resolve(files[path]) : Promise.reject(new Error("not found"));
  const host = { env, net, files: { readText, stat } } as never;
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

Deno.test("viper vms takes a VM through its whole life", async () => {
  await using api = await apiWorld();
  const status = async (...argv: string[]) => {
    const { code, terminal } = await cli(["vms", ...argv, "--json"], api);
    assert.equal(code, 0, terminal.errors);
    return JSON.parse(terminal.written).status;
  };
  const settings = ["--labels", "team=web,stage=1", "--ttl-ms", "3600000", "--egress", "none"];
  const more = ["--restart-policy", "on_crash", "--environment", '{"A":"b,c"}', "--wait-ms", "5"];
  const chrome = ["--chrome", '{"locale":"de-DE"}'];
  assert.equal(await status("create", "one", ...settings, ...more, ...chrome), "starting");
  const row = api.world.rows.byName("one");
  assert.deepEqual(row?.labels, { team: "web", stage: "1" });
  assert.deepEqual(row?.settings, {
    ...{ egress: "none", restart_policy: "on_crash", idle_timeout_ms: null },
    environment: { A: "b,c" },
    chrome: { flags: [], locale: "de-DE" },
  });
  await api.world.announce("one");
  assert.equal(await status("wait", "one", "--status", "running"), "running");
  assert.equal(await status("pause", "one"), "paused");
  assert.equal(await status("resume", "one"), "running");
  assert.equal(await status("set-egress", "one", "10.0.0.0/8,10.1.2.3/32"), "running");
  assert.deepEqual(api.world.rows.byName("one")?.settings.egress, ["10.0.0.0/8", "10.1.2.3/32"]);
  assert.equal(await status("stop", "one", "--grace-ms", "0"), "stopped");
  assert.equal(await status("wait", "one", "--status", "stopped"), "stopped");
  assert.equal(await status("start", "one"), "starting");
  assert.equal(await status("restart", "one", "--grace-ms", "0"), "starting");
  const wrong = await cli(["vms", "pause", "one"], api);
  assert.equal(wrong.code, 1);
  assert.match(wrong.terminal.errors, /^viper: Cannot pause VM "one": it is starting\n/);
});

Deno.test("viper vms list filters by label and status, a page at a time", async () => {
  await using api = await apiWorld();
  await cli(["vms", "create", "one", "--labels", "team=web"], api);
  await cli(["vms", "create", "two", "--labels", "team=web,stage=1"], api);
  await cli(["vms", "create", "three"], api);
  await api.world.announce("three");
  const names = async (...argv: string[]) => {
    const { code, terminal } = await cli(["vms", "list", "--json", ...argv], api);
    assert.equal(code, 0, terminal.errors);
    return JSON.parse(terminal.written).map(({ name }: { name: string }) => name);
  };
  assert.deepEqual(await names("--label", "team=web"), ["one", "two"]);
  assert.deepEqual(await names("--label", "team=web,stage=1"), ["two"]);
  assert.deepEqual(await names("--status", "running"), ["three"]);
  assert.deepEqual(await names("--limit", "1", "--after", "1"), ["two"]);
  assert.equal((await cli(["vms", "list", "--label", "team"], api)).code, 2);
});

Deno.test("viper says on standard error what failed, with its hint, and exits with 1, or 2 by the input", async () => {
  await using api = await apiWorld({ vmLimit: 1 });
  const missing = await cli(["vms", "get", "one"], api);
  assert.deepEqual([missing.code, missing.terminal.written], [1, ""]);
  assert.equal(missing.terminal.errors, 'viper: Cannot find VM "one"\n');
  await cli(["vms", "create", "one"], api);
  const full = await cli(["vms", "create", "two"], api);
  assert.match(full.terminal.errors, /^viper: Cannot start VM "two".*\n {2}Delete a VM/);
  const browser = await cli(["browser", "click", "one", "#a"], api);
  assert.equal(browser.terminal.errors, 'viper: Cannot reach VM "one": it is starting\n');
  const wrong = await cli(["vms", "create", "three", "--cpu", "1000"], api);
  assert.deepEqual([missing.code, full.code, browser.code, wrong.code], [1, 1, 1, 2]);
  const odd = await cli(["browser", "click", "\x1b]0;a\x07", "#a"], api);
  assert.equal(odd.terminal.errors, 'viper: Cannot find VM "\ufffd]0;a\ufffd"\n');
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
  await using api = await apiWorld({ rules: { insecureLoopback: false, environmentKey: "k" } });
  assert.equal((await cli(["vms", "list"], api, { env: { VIPER_API_KEY: "k" } })).code, 0);
  const wrong = await cli(["vms", "list"], api, { env: { VIPER_API_KEY: "x" } });
  assert.equal(wrong.code, 1);
  assert.match(wrong.terminal.errors, /invalid api key/);
});

/** Command line, environment and files → whether the key gets through. */
const KEY_SOURCES: readonly [string, string[], Record<string, string>, string[], boolean][] = [
  ["the daemon's own file", [], { HOME: "/me" }, ["/me/.viper/admin.key"], true],
  ["the file beside VIPER_DB_PATH", [], { VIPER_DB_PATH: "/d/s.db" }, ["/d/admin.key"], true],
  ["a named file", ["--api-key-file", "/k"], { VIPER_API_KEY: "wrong" }, ["/k"], true],
  ["a named file that is missing", ["--api-key-file", "/k"], { HOME: "/me" }, [], false],
  ["the variable before the file", [], { HOME: "/me", VIPER_API_KEY: "x" }, [
    "/me/.viper/admin.key",
  ], false],
  ["no file", [], { HOME: "/me" }, [], false],
  [
    "the daemon's own file for another machine",
    ["--api", "http://192.0.2.1:7777"],
    { HOME: "/me" },
    ["/me/.viper/admin.key"],
    false,
  ],
];

for (const [what, flags, env, paths, isTaken] of KEY_SOURCES) {
  Deno.test(`viper ${isTaken ? "is let in" : "is not let in"} with ${what}`, async () => {
    await using api = await apiWorld({ rules: { insecureLoopback: false } });
    const { key } = api.keys.create({ name: "me", role: "admin" });
    const files = Object.fromEntries(paths.map((path) => [path, `${key}\n`]));
    const { code, terminal } = await cli([...flags, "vms", "list"], api, { env, files });
    assert.equal(code, isTaken ? 0 : 1, terminal.errors);
    assert.ok(!terminal.errors.includes(key));
  });
}

const SOCKETS: readonly [string, string[], Record<string, string>, boolean][] = [
  ["beside the state database", [], { HOME: "/me" }, true],
  ["that VIPER_API_SOCKET names", [], { VIPER_API_SOCKET: "/me/.viper/viper.sock" }, true],
  ["unless --api names an address", ["--api", "http://127.0.0.1:1"], { HOME: "/me" }, false],
  ["unless VIPER_API_BASE does", [], { HOME: "/me", VIPER_API_BASE: "http://127.0.0.1:1" }, false],
  ["unless a key is given", [], { HOME: "/me", VIPER_API_KEY: "x" }, false],
];

for (const [what, flags, env, isUsed] of SOCKETS) {
  Deno.test(`viper uses the socket ${what}`, async () => {
    await using api = await apiWorld({ rules: { insecureLoopback: false } });
    const sockets = ["/me/.viper/viper.sock"];
    const { code, terminal } = await cli([...flags, "vms", "list"], api, { env, sockets });
    assert.equal(code, isUsed ? 0 : 1, terminal.errors);
  });
}

Deno.test("viper finds the socket and the key of the daemon that setup made", async () => {
  await using api = await apiWorld({ rules: { insecureLoopback: false } });
  const { key } = api.keys.create({ name: "me", role: "admin" });
  const installed = { "/etc/viper/viper.env": "VIPER_DB_PATH=/var/lib/viper/state.db\n" };
  const env = { HOME: "/me" };
  const sockets = ["/var/lib/viper/viper.sock"];
  const bySocket = await cli(["vms", "list"], api, { env, files: installed, sockets });
  assert.equal(bySocket.code, 0, bySocket.terminal.errors);
  const files = { ...installed, "/var/lib/viper/admin.key": key };
  const byKey = await cli(["--api", "http://127.0.0.1:1", "vms", "list"], api, { env, files });
  assert.equal(byKey.code, 0, byKey.terminal.errors);
});

Deno.test("viper says how to start a daemon that left its socket behind", async () => {
  const sockets = ["/me/.viper/viper.sock"];
  const { code, terminal } = await cli(["vms", "list"], null, { env: { HOME: "/me" }, sockets });
  assert.equal(code, 1);
  assert.match(terminal.errors, /at "\/me\/.viper\/viper.sock": start it with "viper serve"/);
});

Deno.test("viper keys makes, lists and deletes keys, and viper audit tells of it", async () => {
  await using api = await apiWorld();
  const made = await cli(["keys", "create", "ci", "--role", "viewer", "--json"], api);
  const { id, key, role } = JSON.parse(made.terminal.written);
  assert.equal(role, "viewer");
  assert.equal(api.keys.verify(key)?.name, "ci");
  const listed = await cli(["keys", "list"], api);
  assert.match(listed.terminal.written, new RegExp(id));
  assert.ok(!listed.terminal.written.includes(key));
  assert.equal((await cli(["keys", "delete", id], api)).code, 0);
  assert.equal(api.keys.verify(key), null);
  const audit = await cli(["audit", "list", "--json"], api);
  const { records } = JSON.parse(audit.terminal.written);
  assert.deepEqual(
    records.map(({ operation, target }: Record<string, string>) => [operation, target]),
    [["keys.delete", id], ["keys.create", "ci"]],
  );
});

Deno.test("viper exits with 130 when it is interrupted before it is done", async () => {
  await using api = await apiWorld();
  await cli(["vms", "create", "one"], api);
  const stop = new AbortController();
  const waiting = cli(["vms", "wait", "one"], api, { signal: stop.signal });
  stop.abort(new Error("Interrupted by SIGINT"));
  assert.equal((await waiting).code, 130);
});

Deno.test("viper vms list is a line a VM, its labels as they are typed", async () => {
  await using api = await apiWorld();
  await cli(["vms", "create", "one", "--labels", "team=web,stage=test"], api);
  await cli(["vms", "create", "two"], api);
  const { terminal } = await cli(["vms", "list"], api);
  const [head = "", ...rows] = terminal.written.trimEnd().split("\n");
  assert.match(head, /^NAME +STATUS .* LABELS +CREATED_AT$/);
  assert.equal(rows.length, 2);
  assert.match(rows[0] ?? "", /^one +starting .* team=web,stage=test {2}20/);
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
