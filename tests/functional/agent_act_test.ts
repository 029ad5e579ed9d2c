/**
 * Goal: each way to act on an element does what a person's hand would do, waits for what that
 * starts, and says what stands against it.
 * Method: tables of calls through the typed client, against one real agent and Chrome, on a page
 * that logs each event.
 */
import assert from "node:assert/strict";
import type { ProblemCode } from "../../protocol/problem_codes.ts";
import { ViperError } from "../../protocol/problems.ts";
import { serveSite, type Site, startAgent } from "./agent_fixture.ts";
import { type Client, SHORT_MS } from "./agent_table.ts";
import { looked } from "./looked.ts";

const PAGE = `<title>Act</title><link rel="icon" href="data:,">
<style>
  body { margin: 0; padding: 10px } #hidden { display: none } #unseen { visibility: hidden }
  #veil { position: fixed; left: 300px; top: 0; width: 120px; height: 40px }
  #covered { position: absolute; left: 310px; top: 10px }
  #moving { position: fixed; bottom: 0; animation: move 1s linear infinite }
  @keyframes move { from { left: 0 } to { left: 500px } }
  #outside { position: fixed; left: -500px } #pane { height: 60px; overflow: auto; width: 200px }
  #target, #zone { width: 80px; height: 30px; background: #eee } #far { margin-top: 2000px }
</style>
<button id="ok">OK</button><button id="covered">Covered</button><div id="veil" class="veil"></div>
<button id="hidden">Hidden</button><button id="unseen">Unseen</button>
<button id="disabled" disabled>Disabled</button><button id="moving">Moving</button>
<button id="outside">Outside</button><button id="leaving">Leaving</button>
<a id="link" href="/slow">Link</a><a id="tab" href="/other" target="_blank">Tab</a>
<input id="text" value="old"><input id="date" type="date"><input id="range" type="range" max="10">
<input id="readonly" readonly value="x"><textarea id="area">one</textarea>
<label><input id="box" type="checkbox"> Box</label><div id="switch" role="switch" tabindex="0"
  aria-checked="false" onclick="this.ariaChecked = this.ariaChecked === 'false'">Switch</div>
<div id="stuck" role="checkbox" aria-checked="false" tabindex="0">Stuck</div>
<select id="one"><option value="a">Ay</option><option value="b">Bee</option>
  <option value="c" disabled>Sea</option></select>
<select id="many" multiple><option>x</option><option>y</option><option>z</option></select>
<input id="file" type="file" multiple style="display: none">
<div id="pane"><p style="height: 500px">Long</p></div>
<form action="/other"><input id="query" name="q"></form>
<div id="target" draggable="true">Drag me</div><div id="zone">Here</div><div id="knob">Knob</div>
<iframe id="inner" src="/inner" width="200" height="60"></iframe><div id="host"></div>
<button id="far">Far</button><pre id="log"></pre>
<script>
  const $ = (id) => document.getElementById(id);
  const seen = [];
  window.log = (...words) => seen.push(words.join(" "));
  for (const type of ["click", "dblclick", "contextmenu", "mouseover"]) {
    $("ok").addEventListener(type, (e) => log(type, e.button, e.shiftKey ? "shift" : "",
      e.altKey ? "alt" : "", e.detail).trim());
  }
  $("ok").addEventListener("contextmenu", (e) => e.preventDefault());
  $("text").addEventListener("keydown", (e) => log("key", e.key, e.code));
  for (const id of ["text", "date", "range", "one", "many", "file"]) {
    $(id).addEventListener("change", () => log("change", id));
    $(id).addEventListener("input", () => log("input", id));
  }
  $("target").addEventListener("dragstart", (e) => e.dataTransfer.setData("text/plain", "load"));
  $("zone").addEventListener("dragover", (e) => e.preventDefault());
  $("zone").addEventListener("drop", (e) => log("drop", e.dataTransfer.getData("text/plain")));
  $("knob").addEventListener("pointerdown", (e) => log("down"));
  addEventListener("pointerup", (e) => e.target.id === "zone" && log("up on zone"));
  $("host").attachShadow({ mode: "open" }).innerHTML = "<button id=deep>Deep</button>";
  $("host").shadowRoot.getElementById("deep").onclick = () => log("deep");
  setInterval(() => { const b = $("leaving"); const n = b.cloneNode(true); b.replaceWith(n) }, 5);
</script>`;

const SITE: Site = {
  "/": PAGE,
  "/inner": `<body style="margin: 20px"><button id="in" onclick="parent.log('inside')">In</button>`,
  "/other": "<title>Other</title><p id=there>There</p>",
  "/slow": "<title>Slow</title><p id=there>There</p>",
};

const js = async (c: Client, expression: string) => (await c.evaluate({ expression })).result;
/** Does something, then tells what the page saw since. */
const seen = async (c: Client, act: Promise<unknown>, but = /^mouseover/) => {
  await act;
  const all = await js(c, "seen.map((w) => w.trim())") as string[];
  return all.filter((word) => !but.test(word));
};

type Good = [title: string, act: (c: Client) => Promise<unknown>, answer: unknown];

const GOOD: Good[] = [
  ["click()", (c) => seen(c, c.click({ selector: "#ok" })), ["click 0   1"]],
  ["click() by text", (c) => seen(c, c.click({ text: "OK" })), ["click 0   1"]],
  [
    "click() by a text that a heading shows, too",
    async (c) => {
      await js(c, "document.body.insertAdjacentHTML('afterbegin', '<h2>OK</h2>'), 1");
      return await seen(c, c.click({ text: "ok" }));
    },
    ["click 0   1"],
  ],
  [
    "click() by role and name",
    (c) => seen(c, c.click({ role: "button", role_name: "OK" })),
    ["click 0   1"],
  ],
  [
    "click() with keys held, which are let go",
    async (c) => {
      const words = await seen(c, c.click({ selector: "#ok", modifiers: ["Shift", "Alt"] }));
      return [...words, ...(await seen(c, c.click({ selector: "#ok" }))).slice(1)];
    },
    ["click 0 shift alt 1", "click 0   1"],
  ],
  [
    "click() of the right button",
    (c) => seen(c, c.click({ selector: "#ok", button: "right" })),
    ["contextmenu 2   0"],
  ],
  [
    "doubleClick()",
    (c) => seen(c, c.doubleClick({ selector: "#ok" })),
    ["click 0   1", "click 0   2", "dblclick 0   2"],
  ],
  [
    "click() at a position",
    async (c) => {
      await js(c, "ok.onclick = (e) => log(e.offsetX, e.offsetY), 1");
      return (await seen(c, c.click({ selector: "#ok", position: { x: 4, y: 6 } })))[1];
    },
    // From the padding's corner, behind the border.
    "2 4",
  ],
  ["click() in a frame", (c) => seen(c, c.click({ selector: "#in" })), ["inside"]],
  ["click() in a shadow root", (c) => seen(c, c.click({ selector: "#deep" })), ["deep"]],
  [
    "click() waits for the page that it loads, and no longer",
    async (c) => {
      await c.click({ selector: "#link" });
      return await js(c, "[document.title, document.readyState !== 'loading']");
    },
    ["Slow", true],
  ],
  [
    "click() waits for the page that it opens",
    async (c) => {
      await c.click({ selector: "#tab" });
      return (await c.getText({ selector: "#there" })).text;
    },
    "There",
  ],
  ...[{ button: "middle" as const }, { modifiers: ["Control" as const] }].map((how): Good => [
    `click() of a link with ${JSON.stringify(how)} waits for the page that it opens`,
    async (c) => {
      await c.click({ selector: "#link", ...how });
      await c.waitSelector({ selector: "#there" });
      return (await c.pagesList({})).pages.slice(-2).map(({ title }) => title);
    },
    ["Act", "Slow"],
  ]),
  [
    "hover()",
    (c) => seen(c, c.hover({ selector: "#ok" }), /^$/),
    ["mouseover 0   0"],
  ],
  [
    "drag() by HTML5",
    (c) => seen(c, c.drag({ selector: "#target", to: { selector: "#zone" } })),
    ["drop load"],
  ],
  [
    "drag() by pointer",
    (c) => seen(c, c.drag({ selector: "#knob", to: { text: "Here" } })),
    ["down", "up on zone"],
  ],
  [
    "fill() a text",
    async (c) => [
      await seen(c, c.fill({ selector: "#text", value: "new" })),
      await js(c, "$('text').value"),
    ],
    [["input text"], "new"],
  ],
  [
    "fill() with nothing",
    async (c) => {
      await c.fill({ selector: "#area", value: "" });
      return await js(c, "$('area').value");
    },
    "",
  ],
  [
    "fill() a date",
    async (c) => [
      await seen(c, c.fill({ selector: "#date", value: "2024-02-29" })),
      await js(c, "$('date').value"),
    ],
    [["input date", "change date"], "2024-02-29"],
  ],
  [
    "fill() a date with none changes nothing",
    async (c) => {
      await c.fill({ selector: "#date", value: "2024-02-29" });
      await c.fill({ selector: "#date", value: "tomorrow", timeout_ms: SHORT_MS }).catch(() => {});
      return [await seen(c, Promise.resolve()), await js(c, "$('date').value")];
    },
    [["input date", "change date"], "2024-02-29"],
  ],
  [
    "press() a key on an element",
    (c) => seen(c, c.press({ selector: "#text", key: "ArrowLeft" })),
    ["key ArrowLeft ArrowLeft"],
  ],
  [
    "press() chords on what has the focus",
    async (c) => {
      await c.focus({ selector: "#text" });
      await c.press({ key: "Control+A" });
      await c.press({ key: "Shift+b" });
      return [await js(c, "$('text').value"), (await seen(c, Promise.resolve())).at(-2)];
    },
    ["B", "key B KeyB"],
  ],
  [
    "press() Enter, and the page that this loads",
    async (c) => {
      await c.press({ selector: "#query", key: "Enter" });
      return await js(c, "[document.title, location.search]");
    },
    ["Other", "?q="],
  ],
  [
    "selectOption() by value",
    async (c) => [
      await c.selectOption({ selector: "#one", options: ["b"] }),
      await seen(c, Promise.resolve()),
    ],
    [{ status: "ok", selected: ["b"] }, ["input one", "change one"]],
  ],
  [
    "selectOption() by label",
    async (c) =>
      (await c.selectOption({ selector: "#one", options: ["Bee"], by: "label" })).selected,
    ["b"],
  ],
  [
    "selectOption() by index, several",
    async (c) =>
      (await c.selectOption({ selector: "#many", options: [0, 2], by: "index" })).selected,
    ["x", "z"],
  ],
  [
    "selectOption() by what it finds, value or label",
    async (c) => [
      (await c.selectOption({ selector: "#one", options: ["Bee"] })).selected,
      (await c.selectOption({ selector: "#many", options: ["z", "x"] })).selected,
    ],
    [["b"], ["x", "z"]],
  ],
  [
    "check() and uncheck(), twice each",
    async (c) => {
      const states: unknown[] = [];
      for (const act of [c.check, c.check, c.uncheck, c.uncheck]) {
        await act({ selector: "#box" });
        states.push(await js(c, "$('box').checked"));
      }
      return states;
    },
    [true, true, false, false],
  ],
  [
    "check() a switch",
    async (c) => {
      await c.check({ role: "switch" });
      return await js(c, "$('switch').ariaChecked");
    },
    "true",
  ],
  [
    "scroll() the page",
    async (c) => {
      const { y, y_max } = await c.scroll({ y: 300 });
      return [y, y_max > 1_000, await js(c, "scrollY")];
    },
    [300, true, 300],
  ],
  [
    "scroll() what is around an element",
    async (c) => {
      const { y } = await c.scroll({ text: "Long", y: 50 });
      return [y, await js(c, "$('pane').scrollTop")];
    },
    [50, 50],
  ],
  [
    "scroll() to an element",
    async (c) => {
      await c.scroll({ selector: "#far" });
      return await js(c, "$('far').getBoundingClientRect().top < innerHeight");
    },
    true,
  ],
  [
    "uploadFiles() into a hidden field",
    async (c) => {
      const files = [{ name: "a.txt", mime_type: "text/plain", data: btoa("hello") }, {
        name: "b.bin",
        data: "AP8=",
      }];
      const answer = await c.uploadFiles({ selector: "#file", files });
      const told = "Promise.all([...$('file').files].map(async (f) => " +
        "[f.name, f.type, f.size, [...new Uint8Array(await f.arrayBuffer())].at(-1)]))";
      return [answer.files, await js(c, told), await seen(c, Promise.resolve())];
    },
    [2, [["a.txt", "text/plain", 5, 111], ["b.bin", "application/octet-stream", 2, 255]], [
      "input file",
      "change file",
    ]],
  ],
  [
    "focus()",
    async (c) => {
      await c.focus({ selector: "#area" });
      return await js(c, "document.activeElement.id");
    },
    "area",
  ],
  [
    "evaluate() with arguments",
    async (c) =>
      (await c.evaluate({
        expression: "async (a, b) => [a.x + b, `</script>`]",
        args: [{ x: 1 }, 2],
      }))
        .result,
    [3, "</script>"],
  ],
];

type Bad = [
  title: string,
  /** `at` names an element, and how long there is for it. */
  act: (c: Client, at: (selector: string) => Timed) => Promise<unknown>,
  ProblemCode,
  message: RegExp,
];
interface Timed {
  readonly selector: string;
  readonly timeout_ms: number;
}

/** What stands against an action, for one that needs all of it. */
const BLOCKED: readonly [selector: string, message: RegExp][] = [
  ["#hidden", /not visible: it has no size/],
  ["#unseen", /not visible: its style hides it/],
  ["#disabled", /it is disabled/],
  ["#covered", /covered by <div id="veil" class="veil">/],
  ["#moving", /it is moving/],
  ["#outside", /its centre is outside the viewport/],
  ["#leaving", /not attached|not visible any more|no element/],
];

const BAD: Bad[] = [
  ...BLOCKED.slice(0, 6).flatMap(([selector, message]): Bad[] => [
    [`click() ${selector}`, (c, at) => c.click(at(selector)), "element_not_actionable", message],
    [`hover() ${selector}`, (c, at) => c.hover(at(selector)), "element_not_actionable", message],
  ]),
  [
    "drag() to what is covered",
    (c, at) => c.drag({ ...at("#ok"), to: { selector: "#covered" } }),
    "element_not_actionable",
    /covered by/,
  ],
  [
    "check() a text",
    (c, at) => c.check(at("#text")),
    "element_not_actionable",
    /cannot be checked/,
  ],
  [
    "check() what does not change",
    (c, at) => c.check(at("#stuck")),
    "element_not_actionable",
    /it was clicked and is still off/,
  ],
  [
    "fill() a button",
    (c, at) => c.fill({ ...at("#ok"), value: "x" }),
    "element_not_actionable",
    /text/,
  ],
  [
    "fill() a date with none",
    (c, at) => c.fill({ ...at("#date"), value: "tomorrow" }),
    "element_not_actionable",
    /it is <input type="date">, and takes a value such as 2026-12-31/,
  ],
  [
    "fill() what is read-only",
    (c, at) => c.fill({ ...at("#readonly"), value: "x" }),
    "element_not_actionable",
    /read-only/,
  ],
  [
    "selectOption() of none",
    (c, at) => c.selectOption({ ...at("#one"), options: ["q"] }),
    "element_not_actionable",
    /no option with the value or label "q"; it has "Ay", "Bee", "Sea"/,
  ],
  [
    "selectOption() of a disabled one",
    (c, at) => c.selectOption({ ...at("#one"), options: ["c"] }),
    "element_not_actionable",
    /option "c" is disabled/,
  ],
  [
    "selectOption() of two where one may be",
    (c, at) => c.selectOption({ ...at("#one"), options: ["a", "b"] }),
    "element_not_actionable",
    /one option only/,
  ],
  ["press() no key", (c) => c.press({ key: "Nope" }), "key_unknown", /unknown key: "Nope"/],
  [
    "uploadFiles() into a text",
    (c, at) => c.uploadFiles({ ...at("#text"), files: [] }),
    "element_not_actionable",
    /takes no files/,
  ],
  [
    "uploadFiles() of no base64",
    (c) => c.uploadFiles({ selector: "#file", files: [{ name: "a", data: "?" }] }),
    "invalid_request",
    /files/,
  ],
  [
    "focus() on what takes none",
    (c, at) => c.focus(at("#zone")),
    "element_not_actionable",
    /does not take the focus/,
  ],
  ["focus() on none", (c, at) => c.focus(at("#absent")), "element_not_found", /"#absent"/],
  ["click() on nothing named", (c) => c.click({}), "invalid_request", /name the element/],
  [
    "evaluate() of no function",
    (c) => c.evaluate({ expression: "1", args: [] }),
    "script_failed",
    /not a function/,
  ],
];

Deno.test("actions do what a hand would do", async (t) => {
  await using agent = await startAgent();
  await using site = serveSite(SITE);
  const { client } = agent;
  for (const [title, act, answer] of GOOD) {
    await t.step(title, async () => {
      await client.navigate({ url: `${site.url}/` });
      assert.deepEqual(await act(client), answer);
    });
  }
  for (const [title, act, code, message] of BAD) {
    await t.step(`${title}: ${code}`, async () => {
      await client.navigate({ url: `${site.url}/` });
      const error = await looked((timeout_ms) =>
        act(client, (selector) => ({ selector, timeout_ms }))
      ).catch((error) => error);
      assert.ok(error instanceof ViperError, `answered ${JSON.stringify(error)}`);
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /\.$/);
    });
  }
});
