import { run } from "../../build/command.ts";
import * as lists from "../../protocol/operations.ts";
import { assertNone, projectFiles, ROOT, sourceFiles, textOf } from "./project.ts";

/** A piece of code in a page, and the page. */
interface Code {
  readonly page: string;
  readonly text: string;
}

/** Code spans, fenced blocks and indented blocks of all pages. */
async function codeInPages(): Promise<Code[]> {
  const pages = (await projectFiles()).filter((path) => /^(README|docs\/.*)\.md$/.test(path));
  const found: Code[] = [];
  for (const page of pages) {
    const matches = (await textOf(page)).matchAll(/^```.*\n([^]*?)^```|^ {4}(.*)$|`([^`\n]+)`/gm);
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
