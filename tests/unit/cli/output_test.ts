import assert from "node:assert/strict";
import { printable, table } from "../../../cli/output.ts";

const CASES: readonly [string, unknown, string, string][] = [
  ["nothing", undefined, "", "null\n"],
  ["an empty list", [], "none\n", "[]\n"],
  ["an object", { a: 1, b: null }, "a: 1\nb: -\n", '{"a":1,"b":null}\n'],
  ["an object within", { a: { b: 1 } }, 'a: {\n  "b": 1\n}\n', '{"a":{"b":1}}\n'],
  ["a text", "é", "é\n", '"é"\n'],
  ["false", false, "false\n", "false\n"],
  [
    "long prose",
    { a: "word ".repeat(900) },
    `a: ${"word ".repeat(900)}\n`,
    `{"a":"${"word ".repeat(900)}"}\n`,
  ],
  [
    "what a terminal acts on",
    { a: "\x1b[2Jx\x9b0m\r\ny\tz" },
    "a: \ufffd[2Jx\ufffd0m\ny\tz\n",
    '{"a":"\\u001b[2Jx\\u009b0m\\r\\ny\\tz"}\n',
  ],
  ["a list", [{ a: 1, b: "x" }], "A  B\n1  x\n", '[{"a":1,"b":"x"}]\n'],
  [
    "lists and objects in a list",
    [{ a: { k: "v", w: [1] }, b: ["x", "y"], c: {}, d: [] }],
    "A          B    C  D\nk=v,w=[1]  x,y  -  -\n",
    '[{"a":{"k":"v","w":[1]},"b":["x","y"],"c":{},"d":[]}]\n',
  ],
];

for (const [what, value, text, json] of CASES) {
  Deno.test(`printable() writes ${what} for people and as JSON`, () => {
    assert.equal(printable(value, false), text);
    assert.equal(printable(value, true), json);
  });
}

Deno.test("printable() cuts a long word for people, says so, and never cuts JSON", () => {
  const html = "x".repeat(5_000);
  const shown = printable({ html }, false);
  assert.ok(shown.length < 2_100);
  assert.match(shown, /… \(5000 characters; all with --json\)\n$/);
  assert.deepEqual(JSON.parse(printable({ html }, true)), { html });
});

Deno.test("table() lines columns up, marks what is missing and has no blanks at line ends", () => {
  const rows = [{ name: "a", status: "running" }, { name: "long-name", extra: 1 }];
  assert.equal(table(rows), "NAME       STATUS\na          running\nlong-name  -\n");
  assert.equal(table(rows, ["extra", "name"]), "EXTRA  NAME\n-      a\n1      long-name\n");
});
