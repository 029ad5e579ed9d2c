import { run } from "../../build/command.ts";
import { OPERATIONS_PAGE, operationsPage } from "../../build/operations_page.ts";
import * as lists from "../../protocol/operations.ts";
import { METRICS } from "../../server/metrics/definitions.ts";
import { readConfig } from "../../server/config.ts";
import { VARIABLES } from "../../server/settings.ts";
import assert from "node:assert/strict";
import { assertNone, projectFiles, ROOT, sourceFiles, textOf } from "./project.ts";

/** A piece of code in a page, and the page. */
interface Code {
  readonly page: string;
  readonly text: string;
}

/** TypeScript in a page may show what is yet to be written. */
const SAMPLE = /^ *```ts\n[^]*?^ *```$/gm;

/** Code spans, fenced blocks and indented blocks of all pages, samples left out. */
async function codeInPages(): Promise<Code[]> {
  const pages = (await projectFiles()).filter((path) => /^(README|docs\/.*)\.md$/.test(path));
  const found: Code[] = [];
  for (const page of pages) {
    const text = (await textOf(page)).replaceAll(SAMPLE, "");
    const matches = text.matchAll(/^```.*\n([^]*?)^```|^ {4}(.*)$|`([^`\n]+)`/gm);
    for (const [, fenced, indented, span] of matches) {
      found.push({ page, text: fenced ?? indented ?? span ?? "" });
    }
  }
  return found;
}

/** What stands in the pages' code and fits, as `page: match`, less what `isTrue` accepts. */
async function untrue(
  pattern: RegExp,
  isTrue: (match: string) => boolean | Promise<boolean>,
): Promise<string[]> {
  const found: string[] = [];
  for (const { page, text } of await codeInPages()) {
    for (const [, match = ""] of text.matchAll(pattern)) {
      if (!await isTrue(match)) found.push(`${page}: ${match}`);
    }
  }
  return found;
}

Deno.test("docs name only tasks that ./dev has", async () => {
  const { tasks } = JSON.parse(await textOf("deno.json"));
  assertNone(await untrue(/\.\/dev ([a-z]+)/g, (task) => task in tasks));
});

Deno.test("docs name only commands that viper has", async () => {
  assertNone(await untrue(/(?:^|[\s/])viper ([a-z][a-z-]*(?: [a-z][a-z-]*)?)/gm, isCommand));
});

Deno.test("docs name only routes that are served", async () => {
  const served = await servedRoutes();
  const route = /(?<![\w.~-])(\/(?:api|ws|v1|healthz)\b[\w/{}:.*-]*)/g;
  assertNone(await untrue(route, (path) => served.some((pattern) => pattern.test(path))));
});

Deno.test("docs name only files that exist", async () => {
  const paths = await projectFiles();
  const path = /^((?:agent|build|cli|docs|host|images|init|protocol|server|tests)\/[\w/.]*)$/g;
  assertNone(await untrue(path, (name) => paths.some((known) => known.startsWith(name))));
});

Deno.test("docs list the operations as they are", async () => {
  const hint = "write the page anew: deno run -A build/operations_page.ts";
  assert.equal(await textOf(OPERATIONS_PAGE), await operationsPage(), hint);
});

Deno.test("README lists the settings with their defaults", async () => {
  const rows = new Map(
    [...(await textOf("README.md")).matchAll(/^\| `?(.*?)`? +\| `(VIPER_\w+)` +\| `?(.*?)`? +\|/gm)]
      .map(([, flag, variable, initial]) => [variable, [flag, initial]]),
  );
  assert.deepEqual([...rows.keys()].sort(), [...Object.values(VARIABLES), "VIPER_API_KEY"].sort());
  const config = readConfig({}, { HOME: "/home/me" });
  const defaults: Partial<Record<keyof typeof VARIABLES, unknown>> = {
    ...config,
    listen: `${config.apiListen.hostname}:${config.apiListen.port}`,
    db: config.dbPath,
    guestOpenPorts: config.guestOpenPorts.join(",") || "none",
    allowCidr: config.allowCidr.join(",") || "all",
    trustedProxies: config.trustedProxies.join(",") || "none",
    tlsCert: config.tlsCert ?? "none",
    tlsKey: config.tlsKey ?? "none",
    insecureLoopback: config.insecureLoopback ? "yes" : "no",
    cpuLimit: config.cpuLimit ?? "by the host",
    memoryLimitMb: config.memoryLimitMb ?? "by the host",
    bootTimeoutMs: config.bootTimeoutMs ?? "by accelerator",
  };
  for (const [name, variable] of Object.entries(VARIABLES)) {
    const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    const initial = String(defaults[name as keyof typeof VARIABLES]).replace("/home/me", "~");
    assert.deepEqual(rows.get(variable), [flag, initial], variable);
  }
});

Deno.test("README lists the metrics as they are", async () => {
  const [, listed = ""] = (await textOf("README.md")).split(/<!-- metrics: (?:begin|end) -->/);
  const rows = listed.matchAll(/^\| `(\w+?)(?:\{(.*?)\})?` +\| (\w+) +\| (.*?) +\|$/gm);
  const told = [...rows].map(([, name, labels = "", kind, help]) => [name, labels, kind, help]);
  const known = Object.entries(METRICS).map(([name, { kind, labels, help }]) => [
    ...[name, labels.join(", "), kind === "total" ? "counter" : kind, help],
  ]);
  assert.deepEqual(told, known);
});

Deno.test("architecture.md gives limits as the code has them", async () => {
  const page = await textOf("docs/architecture.md");
  const rows = [...page.matchAll(/^\|.*\| `([A-Z_]+ = .+?)` +\| `(.+?)` +\|$/gm)];
  assert.ok(rows.length > 0, "there is a table of limits");
  const found: string[] = [];
  for (const [, limit = "", path = ""] of rows) {
    const [name, value] = limit.split(" = ");
    const code = (await textOf(path)).match(new RegExp(`\\b${name}\\b[^=]*= ([^;]+);`))?.[1];
    if (code !== value) found.push(`${path}: ${name} is ${code}, not ${value}`);
  }
  assertNone(found);
});

const helpTexts = new Map<string, Promise<string>>();

/** The subcommands that the help of `viper WORD…` lists. */
async function subcommands(words: readonly string[]): Promise<string[]> {
  const key = words.join(" ");
  const argv = [Deno.execPath(), "run", "--allow-all", `${ROOT}/main.ts`, ...words, "--help"];
  const help = helpTexts.get(key) ?? run(argv);
  helpTexts.set(key, help);
  const [, commands = ""] = (await help).split(/^Commands:$/m);
  return [...commands.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map((match) => match[1] ?? "");
}

async function isCommand(text: string): Promise<boolean> {
  const [first = "", second] = text.split(" ");
  if (!(await subcommands([])).includes(first)) return false;
  const below = await subcommands([first]);
  return second === undefined || below.length === 0 || below.includes(second);
}

/** Paths of operations, and those that stand as text in the servers' sources. */
async function servedRoutes(): Promise<RegExp[]> {
  const { AGENT_PREFIX, ...groups } = lists;
  const paths = Object.values(groups).flatMap((group) => Object.values(group))
    .flatMap(({ http }) => [http.path, AGENT_PREFIX + http.path]);
  for (const path of await sourceFiles()) {
    if (!/^(server|agent|protocol)\//.test(path)) continue;
    paths.push(
      ...[...(await textOf(path)).matchAll(/"(\/[\w/{}:.*-]+)"/g)].map(([, text]) => text!),
    );
  }
  return paths.map((path) =>
    new RegExp(`^${path.replaceAll(/\{\w+\}|:\w+/g, "[^/]+").replaceAll("*", ".*")}$`)
  );
}
