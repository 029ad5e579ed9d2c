import { assertNone, sourceFiles, textOf } from "./project.ts";

/** Where the operating system, time and chance may be used directly. */
const FREE = ["host/", "tests/", "build/", "main.ts", "agent/main.ts"];

/** What is banned elsewhere, as the syntax it has, and what stands for it. */
const BANNED: Readonly<Record<string, string>> = {
  "Identifier[name='Deno']": "Deno: use Host",
  "CallExpression[callee.name='fetch']": "fetch: use host.net.fetch",
  "CallExpression[callee.name=/^set(Timeout|Interval)$/]": "timers: use host.clock",
  "MemberExpression[object.name='Date'][property.name='now']": "Date.now: use host.clock.now",
  "NewExpression[callee.name='Date'][arguments.length=0]": "new Date(): use host.clock.now",
  "CallExpression[callee.name='Date']": "Date(): use host.clock.now",
  "MemberExpression[object.name='performance']": "performance: use host.clock.monotonicMs",
  "MemberExpression[object.name='Math'][property.name='random']": "Math.random: use host.random",
  "MemberExpression[property.name=/^(getRandomValues|randomUUID|randomBytes)$/]":
    "random bytes: use host.random",
  "ImportSpecifier[imported.name=/^(randomBytes|randomInt|randomUUID|webcrypto)$/]":
    "random bytes: use host.random",
};

/** A `fetch` that an enclosing function takes as an argument is the caller's, not the platform's. */
function isGivenFetch(source: Deno.lint.SourceCode, node: Deno.lint.Node): boolean {
  if (node.type !== "CallExpression" || source.getText(node.callee) !== "fetch") return false;
  return source.getAncestors(node).some((ancestor) =>
    "params" in ancestor && Array.isArray(ancestor.params) &&
    ancestor.params.some(({ range }) => /\bfetch\b/.test(source.text.slice(...range)))
  );
}

const plugin: Deno.lint.Plugin = {
  name: "effects",
  rules: {
    "through-host": {
      create: (context) =>
        Object.fromEntries(
          Object.entries(BANNED).map(([selector, message]) => [
            selector,
            (node: Deno.lint.Node) => {
              if (!isGivenFetch(context.sourceCode, node)) context.report({ node, message });
            },
          ]),
        ),
    },
  },
};

/** Findings as `path:line message`. */
function effectsIn(path: string, text: string): string[] {
  return Deno.lint.runPlugin(plugin, path, text).map(({ range, message }) => {
    const line = text.slice(0, range[0]).split("\n").length;
    return `${path}:${line} ${message}`;
  });
}

Deno.test("effects go through Host", async () => {
  const paths = (await sourceFiles()).filter((path) => !FREE.some((free) => path.startsWith(free)));
  const found: string[] = [];
  for (const path of paths) found.push(...effectsIn(path, await textOf(path)));
  assertNone(found);
});

Deno.test("effects are seen in code and not in comments or strings", () => {
  const quiet = ["// Deno.env", "const text = 'Deno.env, fetch(), Date.now()';", "new Date(0);"];
  quiet.push("const call = ({ fetch }) => fetch('x');");
  assertNone(effectsIn("quiet.ts", quiet.join("\n")));
  const loud = [
    ...["Deno.env;", "fetch('x');", "setTimeout(f, 1);", "setInterval(f, 1);", "Date.now();"],
    ...["new Date();", "performance.now();", "Math.random();", "crypto.randomUUID();"],
    ...["crypto.getRandomValues(a);", "Date();"],
    ...["import { randomBytes } from 'node:crypto';"],
  ];
  assertNone(loud.filter((text) => effectsIn("loud.ts", text).length === 0));
});
