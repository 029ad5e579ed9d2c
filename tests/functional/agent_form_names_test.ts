/**
 * Goal: a form's fields, which stand in place of its members of the same name, and a page that has
 * changed what JavaScript is made of, mislead no action.
 * Method: the same form twice, once with a field for every member that a form has and with built-in
 * objects that throw; every action answers of both alike.
 */
import assert from "node:assert/strict";
import { serveSite, startAgent } from "./agent_fixture.ts";
import type { Client } from "./agent_table.ts";
import { looked } from "./looked.ts";

const FORM = `<title>Booking</title>
<form class="rooms" id="form" style="overflow: auto; height: 300px" aria-label="Rooms">
  <h2>Where to</h2><label>Adults <input name="adults"></label>
  <label><input type="checkbox" id="agree"> Agree</label>
  <select id="board"><option>Half</option><option>Full</option></select>
  <a href="/terms">Terms</a><input type="file" id="file">
  <div style="content-visibility: auto; height: 20px">Beds</div>
  <button type="button" onclick="document.title = 'Searched'">Search rooms</button>
  <div style="margin-top: 3000px; content-visibility: auto"><p>Far below</p></div>
</form>`;

const EVERY_NAME = `<script>
  const form = document.getElementById("form"), append = form.append;
  const names = new Set(["x"]);
  for (let at = form; at !== null; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) names.add(name);
  }
  const fields = [...names].map((name) => Object.assign(document.createElement("input"),
    { type: "hidden", name }));
  append.call(form, ...fields);
  for (const name of ["viperGuard", "viperRevealed", "addEventListener", "JSON", "location"]) {
    document.body.append(Object.assign(document.createElement("i"), { id: name, hidden: true }));
  }
</script>`;

const CHANGED_BUILT_INS = `<script>
  const broken = () => { throw new Error("broken") };
  JSON.stringify = JSON.parse = Array.prototype.map = Array.from = Object.fromEntries = broken;
  Array.prototype.find = Array.prototype[Symbol.iterator] = String.prototype.trim = broken;
  Element.prototype.checkVisibility = Element.prototype.getAttribute = broken;
  Document.prototype.querySelector = Document.prototype.querySelectorAll = broken;
  Object.defineProperty(Element.prototype, "shadowRoot", { get: broken });
  window.getComputedStyle = window.requestAnimationFrame = window.addEventListener = broken;
  window.Promise = window.MutationObserver = window.DOMParser = window.RegExp = broken;
</script>`;

const ON_FORM: readonly [title: string, call: (client: Client) => Promise<unknown>][] = [
  ["markdown", (c) => c.markdown({})],
  ["markdown of the form", (c) => c.markdown({ selector: "form" })],
  ["markdown of the main part", (c) => c.markdown({ main_only: true })],
  ["links", (c) => c.links({ selector: "form" })],
  ["get-text", (c) => c.getText({ selector: "form" })],
  ["get-text, all of it", (c) => c.getText({ selector: "form", visible: false })],
  ["get-attribute", (c) => c.getAttribute({ selector: "form", name: "class" })],
  [
    "scrape",
    async (c) => {
      const { results: [found] } = await c.scrape({ selectors: ["form"] });
      return found?.elements.map(({ text, attributes }) => [text, attributes]);
    },
  ],
  [
    "snapshot, and its form by ref",
    async (c) => {
      const told = await c.snapshot({ format: "text" });
      const { text = "" } = "text" in told ? told : {};
      const [, ref] = /(e\d+) form "Rooms"/.exec(text) ?? [];
      assert(ref !== undefined, text);
      return [text.replaceAll(/e\d+/g, "e"), await c.getAttribute({ ref, name: "id" })];
    },
  ],
  ["get-text by text", (c) => c.getText({ text: "search rooms" })],
  ["click", (c) => c.click({ selector: "form", position: { x: 4, y: 290 } })],
  [
    "click by text",
    async (c) => [await c.click({ text: "Search rooms" }), await c.waitText({ text: "Adults" })],
  ],
  ["focus", (c) => c.focus({ selector: "form" })],
  ["hover", (c) => c.hover({ selector: "form" })],
  ["fill", (c) => c.fill({ selector: "[name=adults]", value: "2" })],
  ["type", (c) => c.type({ selector: "[name=adults]", value: "3" })],
  ["check", (c) => c.check({ selector: "#agree" })],
  ["select-option", (c) => c.selectOption({ selector: "#board", options: ["Full"] })],
  [
    "upload-files",
    (c) =>
      c.uploadFiles({
        selector: "#file",
        files: [{ name: "a.txt", mime_type: "text/plain", data: "YQ==" }],
      }),
  ],
  ["wait-selector", (c) => c.waitSelector({ selector: "form", visible: true })],
  ["evaluate", (c) => c.evaluate({ expression: "1 + 1" })],
  ["scroll the form", (c) => c.scroll({ selector: "form", y: 50 })],
  ["scroll what is around", (c) => c.scroll({ selector: "form h2", y: 10 })],
  ["scroll into view", (c) => c.scroll({ selector: "form" })],
  [
    "screenshot",
    async (c) => {
      const { width, height } = await c.screenshot({ selector: "form" });
      return { width, height };
    },
  ],
  ["storage", (c) => c.storage({ kind: "local" })],
  ["metrics", async (c) => Object.keys((await c.metrics({})).work)],
];

const CANNOT: readonly [
  title: string,
  call: (client: Client, at: { selector: "form"; timeout_ms: number }) => Promise<unknown>,
][] = [
  ["fill", (c, at) => c.fill({ ...at, value: "2" })],
  ["check", (c, at) => c.check(at)],
  ["select-option", (c, at) => c.selectOption({ ...at, options: ["2"] })],
];

Deno.test("every action does with a form whose members are taken as with any other", async (t) => {
  await using agent = await startAgent();
  const page = (more: string) => FORM + more;
  await using site = await serveSite({
    "/": page(""),
    "/taken": page(EVERY_NAME + CHANGED_BUILT_INS),
  });
  const { client } = agent;
  const answered = async (path: string, call: (client: Client) => Promise<unknown>) => {
    await client.navigate({ url: site.url + path });
    return JSON.stringify(await call(client)).replaceAll(`${site.url}${path}"`, 'PAGE"');
  };
  for (const [title, call] of ON_FORM) {
    await t.step(title, async () => {
      assert.equal(await answered("/taken", call), await answered("/", call));
    });
  }
  for (const [title, call] of CANNOT) {
    await t.step(`${title} says that a form takes it not`, async () => {
      const told = (c: Client) =>
        looked((timeout_ms) => call(c, { selector: "form", timeout_ms }))
          .then(() => assert.fail(), ({ message }) => message.replace(/within \d+ ms/, ""));
      assert.equal(await answered("/taken", told), await answered("/", told));
    });
  }
  await t.step("get-html", async () => {
    await client.navigate({ url: `${site.url}/taken` });
    assert.match((await client.getHtml({ selector: "form" })).html, /^<form .*<\/form>$/s);
  });
});

Deno.test("a wait for a page that writes no JSON answers with no value", async () => {
  await using agent = await startAgent();
  await using site = await serveSite({
    "/": `<script>JSON.stringify = () => "no JSON"; String = () => 7; Boolean = () => 0</script>`,
  });
  await agent.client.navigate({ url: `${site.url}/` });
  assert.deepEqual(await agent.client.waitFunction({ expression: "({ a: 1 })" }), { result: null });
});

Deno.test("a frame set whose frames are named like its members is told like others", async () => {
  await using agent = await startAgent();
  await using site = await serveSite({
    "/": `<title>Old</title><frameset cols="50%,50%"><frame name="childNodes" src="/left">
      <frame name="checkVisibility" src="/right"></frameset>`,
    "/left": "<p>Left",
    "/right": "<button onclick=\"this.textContent = 'Pressed'\">Right</button>",
  });
  const { client } = agent;
  await client.navigate({ url: `${site.url}/` });
  await client.markdown({});
  assert.match((await client.getHtml({ selector: "frameset" })).html, /<frame name/);
  await client.click({ text: "Right" });
  await client.waitText({ text: "Pressed" });
});
