import assert from "node:assert/strict";
import { prettyLog } from "../../../host/pretty_log.ts";

function written(...args: Parameters<ReturnType<typeof prettyLog>>): string {
  let text = "";
  prettyLog((part) => text += part, () => new Date(3_723_004), "info")(...args);
  return text;
}

const ROWS: [Parameters<typeof written>, string][] = [
  [["info", "listening", { url: "http://a:1/b", n: 1 }], "INFO  listening url=http://a:1/b n=1\n"],
  [["warn", "odd", { text: "two words", gone: undefined }], 'WARN  odd text="two words"\n'],
  [["error", "a\x1b[2Jb\nc", {}], 'ERROR "a\\u001b[2Jb\\nc"\n'],
  [["info", "x", { text: "\x1b[2J", list: [1] }], 'INFO  x text="\\u001b[2J" list=[1]\n'],
];
for (const [args, line] of ROWS) {
  Deno.test(`prettyLog() writes ${JSON.stringify(line)}`, () => {
    assert.equal(written(...args), `01:02:03.004 ${line}`);
  });
}

Deno.test("prettyLog() writes an error with its causes, a line each, and no stack", () => {
  const error = new TypeError("Cannot do it", { cause: new Error("no room") });
  const text = written("error", "failed", { path: "/a", error });
  assert.equal(
    text,
    "01:02:03.004 ERROR failed path=/a\n  TypeError: Cannot do it\n    Error: no room\n",
  );
});

Deno.test("prettyLog() leaves out what matters less than asked for", () => {
  assert.equal(written("debug", "detail"), "");
});
