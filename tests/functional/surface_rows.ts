/**
 * A row an operation of the browser: what it is called with on a fresh page, and what then holds.
 * What answers say is each action's own test; here it is that all three ways say the same.
 */
import assert from "node:assert/strict";
import type { browserOperations } from "../../protocol/operations.ts";
import type { InputOf } from "../../protocol/operation.ts";
import type { ViperClient } from "../../cli/client.ts";
import type { Key } from "./surfaces.ts";
import type { Site } from "./agent_fixture.ts";
import { reached } from "./reached.ts";

type Ops = typeof browserOperations;

/** Where a row is tried. */
export interface Ground {
  readonly browser: ReturnType<ViperClient["browser"]>;
  readonly site: string;
  /** The fresh page, which is the active one. */
  readonly page: string;
}

/** How one operation is tried. */
export interface Row<K extends Key = Key> {
  /** The input; made before each call where something has to be prepared. */
  readonly input: InputOf<Ops[K]> | ((ground: Ground) => Promise<InputOf<Ops[K]>>);
  /** What the answer has at least, or what a function makes of it. */
  readonly answer?: object | string | ((answer: never) => void);
  /** An expression on the page, and its value afterwards. */
  readonly effect?: readonly [expression: string, value: unknown];
  /** Takes back what outlives the page. */
  readonly undo?: (ground: Ground) => Promise<unknown>;
  /** Members whose values differ from call to call beside those that always may. */
  readonly differs?: readonly string[];
}

export const SITE: Site = {
  "/": `<title>Page</title><link rel="icon" href="data:,"><h1>Head</h1>
    <button id="ok" onclick="log('click')" ondblclick="log('double')"
      onmouseover="log('over')">OK</button>
    <input id="q" value="old" onkeydown="log(event.key)" onfocus="log('focus')">
    <input id="agree" type="checkbox"><input id="agreed" type="checkbox" checked>
    <input id="file" type="file"><select id="pick"><option>a<option>b</select>
    <div id="from" draggable="true" ondragstart="log('drag')">from</div>
    <div id="to" ondragover="event.preventDefault()" ondrop="log('drop')">to</div>
    <a id="link" href="/second">Second</a><a id="load" href="/file">File</a>
    <div style="height: 3000px"></div><script>
      function log(text) { document.title += " " + text }
      console.log("hello", 1); setTimeout(() => { throw new Error("boom") });
      fetch("/data"); localStorage.setItem("kept", "1");
    </script>`,
  "/second": '<title>Second</title><link rel="icon" href="data:,">',
  "/data": () => Response.json({ data: true }),
  "/file": () =>
    new Response("bytes", { headers: { "content-disposition": "attachment; filename=f.bin" } }),
};

const ask = async ({ browser }: Ground) => {
  const asking = "setTimeout(() => globalThis.said = prompt('name?')); 0";
  await browser.evaluate({ expression: asking }).catch(() => {}); // The prompt may be faster.
  await reached(async () => (await browser.dialogsList({})).dialogs.length === 1 || undefined);
};

const download = async ({ browser }: Ground): Promise<string> => {
  await browser.downloadsClear({});
  await browser.click({ selector: "#load" });
  return (await browser.downloadsWait({})).id;
};

/** The request for `/data`, once it is done. */
const dataRequest = ({ browser }: Ground) =>
  reached(async () => {
    const { requests } = await browser.requests({ url: "/data", state: "done" });
    return requests[0] === undefined ? undefined : { id: requests[0].id };
  });

const second = async ({ browser, site }: Ground) => {
  await browser.navigate({ url: `${site}/second` });
};

const noEmulation = ({ browser }: Ground) => browser.resetEmulation({});
const noMocks = ({ browser }: Ground) => browser.clearMocks({});
const noCookies = ({ browser }: Ground) => browser.clearCookies({});
const noPermissions = ({ browser }: Ground) => browser.resetPermissions({});
const nothingStored = async ({ browser }: Ground) => {
  await browser.clearCookies({});
  await browser.clearStorage({});
};

const OK = { status: "ok" } as const;
const button = { selector: "#ok" } as const;
const titled = (title: string) => ["document.title", title] as const;

/** The rows, in the list's order. */
export const ROWS: { readonly [K in Key]?: Row<K> } = {
  navigate: {
    input: ({ site }) => Promise.resolve({ url: `${site}/second`, wait_until: "commit" }),
    answer: { ...OK, title: "Second", http_status: 200 },
  },
  reload: { input: { ignore_cache: true }, answer: { ...OK, http_status: 200 } },
  back: { input: (on) => second(on).then(() => ({})), effect: ["location.pathname", "/"] },
  forward: {
    input: async (on) => {
      await second(on);
      await on.browser.back({});
      return {};
    },
    answer: { title: "Second" },
  },
  waitNavigation: {
    input: async ({ browser }) => {
      await browser.evaluate({ expression: "setTimeout(() => location.href = '/second', 50); 0" });
      return { wait_until: "load" };
    },
    answer: { title: "Second" },
  },
  pagesList: {
    input: {},
    answer: ({ pages }: { pages: { title: string }[] }) => assert.equal(pages.length, 1),
    differs: ["title"],
  },
  pagesNew: { input: ({ site }) => Promise.resolve({ url: `${site}/second` }), answer: OK },
  pagesActivate: { input: ({ page }) => Promise.resolve({ page }), answer: OK },
  pagesClose: { input: ({ page }) => Promise.resolve({ page }), answer: OK },
  dialogsList: {
    input: (on) => ask(on).then(() => ({})),
    answer: ({ dialogs }: { dialogs: object[] }) => assert.equal(dialogs.length, 1),
  },
  dialogsAccept: {
    input: (on) => ask(on).then(() => ({ text: "me" })),
    effect: ["said", "me"],
  },
  dialogsDismiss: { input: (on) => ask(on).then(() => ({})), effect: ["said", null] },
  dialogsPolicy: { input: { policy: "hold" }, answer: OK },
  screenshot: {
    input: { clip: { x: 0, y: 0, width: 40, height: 30 } },
    answer: ({ data }: { data: string }) => assert.match(data, /^iVBOR/),
  },
  pdf: {
    input: { landscape: true },
    answer: ({ data }: { data: string }) => assert.match(data, /^JVBER/),
    differs: ["data"],
  },
  getText: { input: { role: "heading", role_name: "Head" }, answer: { text: "Head" } },
  getHtml: { input: { selector: "h1" }, answer: { html: "<h1>Head</h1>" } },
  getAttribute: { input: { selector: "#link", name: "href" }, answer: { value: "/second" } },
  snapshot: {
    input: { search: "Second" },
    answer: (answer: object) => assert.match(JSON.stringify(answer), /Second/),
  },
  markdown: {
    input: {},
    answer: (answer: object) => assert.match(JSON.stringify(answer), /# Head/),
  },
  links: {
    input: { glob: "*second*" },
    answer: (answer: object) => assert.match(JSON.stringify(answer), /second/),
  },
  scrape: {
    input: { selectors: ["h1"] },
    answer: (answer: object) => assert.match(JSON.stringify(answer), /"text":"Head"/),
  },
  click: { input: { ...button, count: 2 }, effect: titled("Page over click click double") },
  doubleClick: { input: button, effect: titled("Page over click click double") },
  hover: { input: { text: "OK" }, effect: titled("Page over") },
  waitSelector: { input: { selector: "#ok", state: "visible" }, answer: OK },
  waitText: { input: { text: "Head" }, answer: OK },
  waitUrl: {
    input: ({ site }) => Promise.resolve({ glob: `${site}/*`, wait_until: "load" }),
    answer: OK,
  },
  waitFunction: {
    input: { expression: "(least) => scrollY >= least && document.title", args: [0] },
    answer: { result: "Page" },
  },
  drag: {
    input: { selector: "#from", to: { selector: "#to" } },
    effect: titled("Page drag drop"),
  },
  type: { input: { selector: "#q", value: "-é", clear: true }, effect: ["q.value", "-é"] },
  fill: { input: { selector: "#q", value: "new" }, effect: ["q.value", "new"] },
  press: { input: { selector: "#q", key: "Control+A" }, effect: titled("Page focus Control A") },
  selectOption: { input: { selector: "#pick", options: ["b"] }, effect: ["pick.value", "b"] },
  check: { input: { selector: "#agree" }, effect: ["agree.checked", true] },
  uncheck: { input: { selector: "#agreed" }, effect: ["agreed.checked", false] },
  scroll: { input: { y: 500 }, effect: ["scrollY", 500] },
  uploadFiles: {
    input: { selector: "#file", files: [{ name: "a.txt", data: "aGk=" }] },
    effect: ["file.files[0].text()", "hi"],
  },
  focus: { input: { selector: "#q" }, effect: ["document.activeElement.id", "q"] },
  evaluate: {
    input: { expression: "(a, b) => [b, a]", args: [1, "x"] },
    answer: { result: ["x", 1] },
  },
  console: {
    input: { level: "log" },
    answer: ({ entries, messages = entries }: { entries?: object[]; messages?: object[] }) =>
      assert.match(JSON.stringify(messages), /hello 1/),
  },
  errors: {
    input: async ({ browser }) => {
      await reached(async () => (await browser.errors({})).errors[0]);
      return { limit: 5 };
    },
    answer: (all: object) => assert.match(JSON.stringify(all), /boom/),
  },
  requests: {
    input: (on) => dataRequest(on).then(() => ({ url: "/data" })),
    answer: ({ requests }: { requests: object[] }) => assert.equal(requests.length, 1),
  },
  request: {
    input: dataRequest,
    answer: (all: object) => assert.match(JSON.stringify(all), /data/),
  },
  requestBody: { input: dataRequest, answer: { body: '{"data":true}', base64: false } },
  har: {
    input: (on) => dataRequest(on).then(() => ({ url: "/data", bodies: true })),
    answer: ({ log }: { log: { entries: object[] } }) => assert.equal(log.entries.length, 1),
    differs: ["timings", "time", "startedDateTime", "pages", "headers", "connection", "pageref"],
  },
  metrics: {
    input: {},
    answer: ({ url }: { url: string }) => assert.match(url, /^http/),
    differs: ["navigation", "vitals", "work", "memory"],
  },
  traceStart: {
    undo: ({ browser }) => browser.traceStop({}),
    input: { categories: ["devtools.timeline"], buffer_mb: 10 },
    answer: OK,
  },
  traceStop: {
    input: async ({ browser }) => {
      await browser.traceStart({ categories: ["devtools.timeline"] });
      return {};
    },
    answer: ({ data }: { data: string }) => assert.match(data, /^H4sI/),
    differs: ["data"],
  },
  emulate: {
    undo: noEmulation,
    input: { timezone: "Asia/Tokyo", color_scheme: "dark", geolocation: null },
    effect: ["Intl.DateTimeFormat().resolvedOptions().timeZone", "Asia/Tokyo"],
  },
  emulation: {
    undo: noEmulation,
    input: async ({ browser }) => {
      await browser.emulate({ locale: "de-DE" });
      return {};
    },
    answer: { settings: { locale: "de-DE" } },
  },
  resetEmulation: { input: {}, answer: OK },
  viewport: {
    undo: noEmulation,
    input: { width: 500, height: 400, scale: 2 },
    effect: ["[innerWidth, devicePixelRatio]", [500, 2]],
  },
  userAgent: {
    undo: noEmulation,
    input: { user_agent: "Mine/1", platform: "Toaster" },
    effect: ["[navigator.userAgent, navigator.platform]", ["Mine/1", "Toaster"]],
  },
  mock: {
    differs: ["id"],
    undo: noMocks,
    input: { url: "*/data", status: 203, body: "mocked" },
    effect: ["fetch('/data').then((r) => r.text())", "mocked"],
  },
  mocks: {
    differs: ["id"],
    undo: noMocks,
    input: async ({ browser }) => {
      await browser.mock({ url: "*/data", status: 203, body: "mocked" });
      return {};
    },
    answer: (all: object) => assert.match(JSON.stringify(all), /\*\/data/),
  },
  clearMocks: { input: {} },
  cookies: {
    undo: noCookies,
    input: async ({ browser }) => {
      await browser.setCookies({ cookies: [{ name: "a", value: "b" }] });
      return { name: "a" };
    },
    answer: ({ cookies }: { cookies: { value: string }[] }) => assert.equal(cookies[0]?.value, "b"),
  },
  setCookies: {
    undo: noCookies,
    input: { cookies: [{ name: "c", value: "d" }] },
    effect: ["document.cookie.includes('c=d')", true],
  },
  clearCookies: {
    input: async ({ browser }) => {
      await browser.setCookies({ cookies: [{ name: "a", value: "b" }] });
      return { name: "a" };
    },
    answer: { ...OK, cleared: 1 },
  },
  storage: { input: { kind: "local" }, answer: { items: { kept: "1" } } },
  setStorage: {
    undo: nothingStored,
    input: { items: { now: "set" }, kind: "session" },
    effect: ["sessionStorage.now", "set"],
  },
  clearStorage: {
    undo: nothingStored,
    input: { kind: "local" },
    effect: ["localStorage.length", 0],
  },
  setPermissions: {
    undo: noPermissions,
    input: { permissions: { geolocation: "denied" } },
    effect: ["navigator.permissions.query({ name: 'geolocation' }).then((p) => p.state)", "denied"],
  },
  resetPermissions: { input: {}, answer: OK },
  downloadsList: {
    input: (on) => download(on).then(() => ({ state: "completed" })),
    answer: ({ downloads }: { downloads: object[] }) => assert.equal(downloads.length, 1),
  },
  downloadsWait: {
    input: (on) => download(on).then((id) => ({ id })),
    answer: { state: "completed", suggested_filename: "f.bin", received_bytes: 5 },
  },
  downloadsFetch: { input: (on) => download(on).then((id) => ({ id })), answer: "bytes" },
  downloadsDelete: { input: (on) => download(on).then((id) => ({ id })), answer: OK },
  downloadsClear: { input: (on) => download(on).then(() => ({})), answer: { deleted: 1 } },
  attachProfile: {
    undo: nothingStored,
    input: { cookies: [{ name: "p", value: "q" }], local_storage: { in: "side" } },
    effect: ["[localStorage.in, document.cookie.includes('p=q')]", ["side", true]],
  },
  extractProfile: {
    input: {},
    answer: ({ local_storage }: { local_storage: object }) =>
      assert.deepEqual(local_storage, { kept: "1" }),
  },
  scriptRun: {
    input: {
      script: "export default async ({ page, args }) => {\n  console.log(args.a);\n" +
        "  return await page.title();\n}",
      args: { a: 1 },
    },
    answer: { result: "Page", console: [{ level: "log", text: "1" }] },
  },
};
