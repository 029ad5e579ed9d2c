/** `viper profiles`: files of its own mode, and nothing secret on the terminal. */
import assert from "node:assert/strict";
import { runCli } from "../../../cli/main.ts";
import { denoHost } from "../../../host/deno_host.ts";
import { type ApiWorld, apiWorld } from "../server/api/api_world.ts";
import { ScriptTerminal } from "./script_terminal.ts";

const SECRET = "s3cret";
const CONTENTS = {
  cookies: [{ name: "session", value: SECRET, domain: "example.com" }],
  origins: [{ origin: "https://example.com", local_storage: { token: SECRET } }],
};

async function withCli(
  body: (
    viper: (...argv: string[]) => Promise<{ code: number; written: string; errors: string }>,
    folder: string,
    api: ApiWorld,
  ) => Promise<void>,
): Promise<void> {
  await using api = await apiWorld();
  const folder = await Deno.makeTempDir({ prefix: "viper-cli-profiles-" });
  const real = denoHost({ log: () => {} });
  const fetch = async (_label: string, url: string, init?: RequestInit) =>
    await api.app.fetch(new Request(url, init), { peer: "127.0.0.1" });
  const host = { ...real, env: { HOME: folder }, net: { ...real.net, fetch } };
  const assets = {
    ...{ selfCommand: [], agentCommand: [], initDir: "/none" },
    guestAgent: { kind: "binary", path: "/none" } as const,
  };
  try {
    await body(
      async (...argv) => {
        const terminal = new ScriptTerminal();
        const { signal } = new AbortController();
        const code = await runCli(["profiles", ...argv], { host, terminal, signal, assets });
        const { written, errors } = terminal;
        assert.ok(!(written + errors).includes(SECRET), `viper profiles ${argv.join(" ")}`);
        return { code, written, errors };
      },
      folder,
      api,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("viper profiles exports to a file of mode 0600 and imports it again", () =>
  withCli(async (viper, folder) => {
    const [one, other] = [`${folder}/one.json`, `${folder}/other.json`];
    Deno.writeTextFileSync(one, JSON.stringify({ ...CONTENTS, attached: true, origin: "x" }));
    const imported = await viper("import", "work", one);
    assert.equal(imported.code, 0, imported.errors);
    assert.match(imported.written, /^cookies: 1$/m);
    const exported = await viper("export", "work", other);
    assert.equal(exported.code, 0, exported.errors);
    assert.equal((Deno.lstatSync(other).mode ?? 0) & 0o777, 0o600);
    assert.equal(JSON.parse(Deno.readTextFileSync(other)).cookies[0].value, SECRET);
    assert.equal((await viper("import", "copy", other)).code, 0);
    assert.match((await viper("list")).written, /^work +1 .*\ncopy +1 /m);
    assert.equal((await viper("delete", "work")).code, 0);
    assert.match((await viper("get", "work")).errors, /Cannot find profile "work"/);
  }));

Deno.test("viper profiles create makes an empty one", () =>
  withCli(async (viper, _folder, api) => {
    assert.equal((await viper("create", "work")).code, 0);
    assert.equal(api.world.profiles.store.get("work").cookies, 0);
  }));

/** By the daemon, for what the input is. */
const REFUSED = ["contents that are refused", "newer cookies", "a million cookies"];

const BAD: readonly [string, string[], RegExp][] = [
  ["a file that is there", ["export", "work", "taken"], /Cannot write to ".*taken": /],
  ["a file that is not there", ["import", "more", "none"], /Cannot read ".*none": /],
  ["what is no JSON", ["import", "more", "text"], /Cannot import ".*text": it is not JSON/],
  ["what is cut", ["import", "more", "cut"], /Cannot import ".*cut": it is not JSON, or cut$/m],
  ["what is sealed", ["import", "more", "sealed"], /Cannot import ".*sealed": it is not JSON/],
  [
    "an export of a newer version",
    ["import", "more", "newer"],
    /it has "passkeys", which this ver/,
  ],
  ["newer cookies", ["import", "more", "newer-cookies"], /cookies\/0: Unrecognized key: "passkey"/],
  ["100 MB", ["import", "more", "huge"], /".*huge": it has more than 33554432 bytes$/m],
  ["a million cookies", ["import", "more", "many"], /cookies: Too big: .* <=3000 items$/m],
  ["JSON of something else", ["import", "more", "else"], /it has neither cookies nor origins/],
  ["a list", ["import", "more", "list"], /it has neither cookies nor origins/],
  ["contents that are refused", ["import", "more", "bad"], /cookies\/0\/value/],
  ["a name that is taken", ["import", "work", "good"], /the name is taken/],
  ["an unknown profile", ["export", "none", "new"], /Cannot find profile "none"/],
];

Deno.test("viper profiles refuses files in words, and changes nothing", async (t) => {
  await withCli(async (viper, folder, api) => {
    await api.world.profiles.add("work");
    const files: Record<string, string> = {
      ...{ taken: "mine", text: `${SECRET} and no JSON`, else: '{"a":1}', list: "[]" },
      cut: JSON.stringify(CONTENTS).slice(0, -9),
      sealed: "\x01\x80\xff\0\x7f",
      newer: JSON.stringify({ ...CONTENTS, passkeys: [] }),
      "newer-cookies": JSON.stringify({ cookies: [{ ...CONTENTS.cookies[0], passkey: 1 }] }),
      huge: `{"cookies":[]${" ".repeat(100_000_000)}}`,
      many: JSON.stringify({ cookies: Array(1_000_000).fill({}) }),
      bad: JSON.stringify({ cookies: [{ ...CONTENTS.cookies[0], value: 7 }] }),
      good: JSON.stringify(CONTENTS),
    };
    for (const [name, text] of Object.entries(files)) {
      Deno.writeTextFileSync(`${folder}/${name}`, text);
    }
    for (const [title, [verb = "", name = "", file = ""], message] of BAD) {
      await t.step(title, async () => {
        const { code, errors } = await viper(verb, name, `${folder}/${file}`);
        assert.equal(code, REFUSED.includes(title) ? 2 : 1);
        assert.match(errors, message);
      });
    }
    assert.equal(Deno.readTextFileSync(`${folder}/taken`), "mine");
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
    assert.deepEqual(names.sort(), Object.keys(files).sort());
    assert.equal(api.world.profiles.store.list().length, 1);
  });
});
