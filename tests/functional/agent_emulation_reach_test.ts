/**
 * Goal: what pages are made to believe reaches all that belongs to them, and holds as long as it
 * was said to: in frames of other origins and workers, on one page alone, over Chrome's end, and
 * beside DevTools clients.
 * Method: a real agent and Chrome; a site that tells what it was sent.
 */
import assert from "node:assert/strict";
import puppeteer from "puppeteer-core";
import { killAll, startAgent, type TestAgent } from "./agent_fixture.ts";
import { serveMirror } from "./mirror.ts";
import { reached } from "./reached.ts";

type Client = TestAgent["client"];
const js = async (c: Client, expression: string, page?: string) =>
  (await c.evaluate({ expression, ...(page === undefined ? {} : { page }) })).result;

/** Makes what belongs to a page, and waits for what it says: its user agent, and what it sent. */
const INNER: readonly [title: string, make: (otherUrl: string) => string][] = [
  ["a frame of another origin", (otherUrl) =>
    `new Promise((yes) => {
    const frame = document.createElement("iframe");
    addEventListener("message", ({ data }) => yes(data));
    frame.src = "${otherUrl}/frame";
    frame.onload = () => frame.contentWindow.postMessage("ask", "*");
    document.body.append(frame); })`],
  ["a worker", () =>
    `new Promise((yes) => {
    const worker = new Worker("/worker.js");
    worker.onmessage = ({ data }) => yes(data);
    worker.postMessage(""); })`],
  ["a shared worker", () =>
    `new Promise((yes) => {
    new SharedWorker("/worker.js?" + Math.random()).port.onmessage = ({ data }) => yes(data); })`],
  ["a service worker", () =>
    `new Promise(async (yes) => {
    navigator.serviceWorker.onmessage = ({ data }) => yes(data);
    await navigator.serviceWorker.register("/controller.js");
    (await navigator.serviceWorker.ready).active.postMessage(""); })`],
];

Deno.test("emulate() reaches what belongs to a page", async (t) => {
  await using agent = await startAgent();
  await using site = serveMirror();
  const { client } = agent;
  await client.emulate({
    user_agent: { user_agent: "Me/1 (x)" },
    headers: { "x-given": "all" },
    timezone: "Asia/Tokyo",
  });
  for (const [title, make] of INNER) {
    await t.step(title, async () => {
      await client.navigate({ url: `${site.url}/` });
      const [userAgent, told] = await js(client, make(site.otherUrl)) as [string, string];
      // Chrome overrides what shared and service workers send, and not what they see.
      if (!/shared|service/.test(title)) assert.equal(userAgent, "Me/1 (x)");
      const sent = JSON.parse(told);
      assert.equal(sent["user-agent"], "Me/1 (x)");
      assert.equal(sent["x-given"], "all");
    });
  }
});

Deno.test("emulate() with a page named changes that page alone, before what is said of all", async () => {
  await using agent = await startAgent();
  await using site = serveMirror();
  const { client } = agent;
  const { id: one } = await client.pagesNew({ url: `${site.url}/one` });
  const { id: two } = await client.pagesNew({ url: `${site.url}/two` });
  const lang = "[(1.5).toLocaleString(), innerWidth]";
  await client.viewport({ width: 500, height: 400 });
  await client.viewport({ width: 600, height: 400, page: one });
  assert.deepEqual(
    [await js(client, lang, one), await js(client, lang, two)],
    [["1.5", 600], ["1.5", 500]],
  );
  const width = async (page?: string) =>
    (await client.emulation(page === undefined ? {} : { page })).settings.viewport?.width;
  assert.deepEqual([await width(one), await width(two), await width()], [600, 500, 500]);
  await client.resetEmulation({ page: one });
  assert.deepEqual([await js(client, "innerWidth", one), await width(one)], [500, 500]);
  await client.emulate({ color_scheme: "dark", page: two });
  await client.resetEmulation({});
  assert.deepEqual((await client.emulation({ page: two })).settings, {});
  assert.deepEqual(await js(client, "innerWidth", two), 1280);
  const none = await client.emulate({ media: "print", page: "none" }).catch((error) => error);
  assert.equal(none.code, "page_not_found");
});

Deno.test("emulate(), permissions and the dialogs' policy hold in the next Chrome", async () => {
  await using agent = await startAgent();
  await using site = serveMirror();
  const { client } = agent;
  await client.navigate({ url: `${site.url}/` });
  await client.emulate({ headers: { "x-given": "all" }, viewport: { width: 500, height: 400 } });
  await client.mock({ url: "*/mocked", body: "mock" });
  await client.mock({ url: "*/own", body: "own", page: (await client.pagesList({})).pages[0]!.id });
  await client.dialogsPolicy({ policy: "accept" });
  await client.setPermissions({ permissions: { notifications: "granted", midi: "granted" } });
  await client.setPermissions({ origin: site.url, permissions: { midi: "denied" } });
  killAll(agent.chromeProcesses());
  await agent.announced(2);
  await client.navigate({ url: `${site.url}/` });
  const seen = "[sent['x-given'], innerWidth, confirm('Sure?')]";
  assert.deepEqual(await js(client, seen), ["all", 500, true]);
  const permission = (name: string) =>
    js(client, `navigator.permissions.query({ name: "${name}" }).then(({ state }) => state)`);
  assert.deepEqual([await permission("notifications"), await permission("midi")], [
    ...["granted", "denied"],
  ]);
  assert.equal(await js(client, "fetch('/mocked').then((r) => r.text())"), "mock");
  assert.deepEqual((await client.mocks({})).mocks.map(({ url }) => url), ["*/mocked"]);
});

Deno.test("emulate() of all pages does not wait for one that shows a dialog", async () => {
  await using agent = await startAgent();
  await using site = serveMirror();
  const { client } = agent;
  const { id: held } = await client.pagesNew({ url: `${site.url}/held` });
  await js(client, "alert('wait')").catch(() => {}); // The dialog ends it.
  await reached(async () => (await client.dialogsList({})).dialogs[0]);
  await client.pagesNew({ url: `${site.url}/free` });
  await client.emulate({ color_scheme: "dark", timeout_ms: 10_000 });
  const dark = "matchMedia('(prefers-color-scheme: dark)').matches";
  assert.equal(await js(client, dark), true);
  await client.dialogsAccept({ page: held });
  assert.equal(await js(client, dark, held), true);
});

Deno.test("emulate() and mocks work beside a DevTools client's own routes, and leave its contexts alone", async () => {
  await using agent = await startAgent();
  await using site = serveMirror();
  const { client } = agent;
  await client.navigate({ url: `${site.url}/` });
  await client.emulate({ headers: { "x-given": "all" }, media: "print" });
  await client.mock({ url: "*/ours", body: "ours" });
  const response = await agent.signedFetch(`${agent.baseUrl}/v1/devtools`);
  const { websocket_url: browserWSEndpoint } = await response.json();
  const other = await puppeteer.connect({ browserWSEndpoint, defaultViewport: null });
  try {
    const [page] = await other.pages();
    assert.ok(page);
    await page.setRequestInterception(true);
    page.on("request", (request) => {
      if (request.url().endsWith("/theirs")) request.respond({ body: "theirs" });
      else request.continue();
    });
    await client.navigate({ url: `${site.url}/again` });
    const asked = "Promise.all(['/ours', '/theirs'].map((u) => fetch(u).then((r) => r.text())))";
    assert.deepEqual(await js(client, asked), ["ours", "theirs"]);
    assert.equal(await js(client, "sent['x-given']"), "all");
    assert.equal(await js(client, "matchMedia('print').matches"), true);
    const context = await other.createBrowserContext();
    const own = await context.newPage();
    await own.goto(`${site.url}/own`);
    assert.equal(await own.evaluate("sent['x-given'] ?? null"), null);
    await context.close();
    const { requests } = await client.requests({});
    assert.ok(requests.some(({ url, status }) => url.endsWith("/ours") && status === 200));
  } finally {
    await other.disconnect();
  }
});
