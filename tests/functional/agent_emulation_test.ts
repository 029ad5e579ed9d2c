/**
 * Goal: pages believe of their surroundings what they were told, from their first request on, over
 * navigations and in pages that they open, and no more once it is taken back.
 * Method: a real agent and Chrome; the site tells what it was sent, the page what it sees.
 */
import assert from "node:assert/strict";
import { ViperError } from "../../protocol/problems.ts";
import { startAgent, type TestAgent } from "./agent_fixture.ts";
import { serveMirror } from "./mirror.ts";

type Client = TestAgent["client"];

const js = async (c: Client, expression: string) => (await c.evaluate({ expression })).result;

const PHONE = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) " +
  "Chrome/150.0.1.2 Mobile Safari/537.36";

/** What is asked for, what the page sees then, and what it sees when that is taken back. */
const SEEN: readonly [
  title: string,
  change: Parameters<Client["emulate"]>[0],
  expression: string,
  seen: unknown,
][] = [
  [
    "viewport",
    { viewport: { width: 390, height: 844, scale: 3, mobile: true } },
    "[innerWidth, screen.width, devicePixelRatio, navigator.maxTouchPoints > 0, " +
    "matchMedia('(pointer: coarse)').matches]",
    [390, 390, 3, true, true],
  ],
  [
    "user_agent",
    {
      user_agent: {
        user_agent: PHONE,
        accept_language: "de-DE,de;q=0.7",
        platform: "Linux armv8l",
      },
    },
    "[sent['user-agent'] === navigator.userAgent, navigator.userAgent.includes('Pixel 8'), " +
    "navigator.platform, navigator.languages.join(), sent['accept-language']]",
    [true, true, "Linux armv8l", "de-DE,de", "de-DE,de;q=0.9"],
  ],
  [
    "client hints",
    { user_agent: { user_agent: PHONE } },
    "[sent['sec-ch-ua-mobile'], sent['sec-ch-ua-platform'], /Chrome\";v=\"150\"/.test(sent['sec-ch-ua'])]",
    ["?1", '"Android"', true],
  ],
  ["locale", { locale: "de-DE" }, "(1.5).toLocaleString()", "1,5"],
  ["timezone", { timezone: "Asia/Tokyo" }, "new Date(0).getTimezoneOffset()", -540],
  [
    "color_scheme",
    { color_scheme: "dark" },
    "matchMedia('(prefers-color-scheme: dark)').matches",
    true,
  ],
  ["media", { media: "print" }, "matchMedia('print').matches", true],
  [
    "reduced_motion",
    { reduced_motion: "reduce" },
    "matchMedia('(prefers-reduced-motion: reduce)').matches",
    true,
  ],
  ["headers", { headers: { "x-given": "one" } }, "sent['x-given'] ?? null", "one"],
  [
    "offline",
    { network: { offline: true } },
    "fetch('/x').then(() => 'ok', () => 'failed')",
    "failed",
  ],
  [
    "blocked_urls",
    { blocked_urls: ["*/x*"] },
    "fetch('/x').then(() => 'ok', () => 'failed')",
    "failed",
  ],
  [
    "blocked_urls of frames",
    { blocked_urls: ["*/framed"] },
    `new Promise((resolve) => {
      const frame = document.createElement("iframe");
      frame.src = "/framed";
      frame.onload = () => resolve(frame.contentDocument?.URL.endsWith("/framed") ?? false);
      document.body.append(frame);
    })`,
    false,
  ],
];

/** Takes back all that the table asks for. */
const NOTHING = Object.fromEntries(
  SEEN.flatMap(([, change]) => Object.keys(change)).map((key) => [key, null]),
);

Deno.test("emulate() changes what a page sees, over a navigation, until it is taken back", async (t) => {
  await using agent = await startAgent();
  await using site = serveMirror();
  const { client } = agent;
  for (const [title, change, expression, seen] of SEEN) {
    await t.step(title, async () => {
      await client.emulate(NOTHING);
      await client.navigate({ url: `${site.url}/` });
      const before = await js(client, expression);
      assert.notDeepEqual(before, seen);
      const { settings } = await client.emulate(change);
      assert.deepEqual(Object.keys(settings), Object.keys(change));
      if (title !== "offline") await client.navigate({ url: `${site.url}/again` });
      assert.deepEqual(await js(client, expression), seen);
      assert.deepEqual((await client.emulate(NOTHING)).settings, {});
      await client.navigate({ url: `${site.url}/` });
      assert.deepEqual(await js(client, expression), before);
    });
  }
  await t.step("answers for a password, once", async () => {
    const status = async () => (await client.navigate({ url: `${site.url}/private` })).http_status;
    assert.equal(await status(), 401);
    await client.emulate({ http_auth: { username: "me", password: "wrong" } });
    assert.equal(await status(), 401);
    const right = { username: "me", password: "secret" };
    await client.emulate({ http_auth: { ...right, origin: site.otherUrl } });
    assert.equal(await status(), 401);
    const { settings } = await client.emulate({ http_auth: right });
    assert.deepEqual(settings, { http_auth: { username: "me" } });
    assert.equal(await status(), 200);
    await client.emulate({ http_auth: null });
  });
  await t.step("geolocation, once the page may ask", async () => {
    await client.navigate({ url: `${site.url}/` });
    await client.setPermissions({ origin: site.url, permissions: { geolocation: "granted" } });
    await client.emulate({ geolocation: { latitude: 52.5, longitude: 13.4 } });
    const place = "new Promise((yes, no) => navigator.geolocation.getCurrentPosition(" +
      "(p) => yes([p.coords.latitude, p.coords.longitude]), no))";
    assert.deepEqual(await js(client, place), [52.5, 13.4]);
  });
  await t.step("blocked documents, the page's own among them", async () => {
    await client.emulate({ blocked_urls: ["*/private"] });
    await assert.rejects(client.navigate({ url: `${site.url}/private` }), {
      code: "navigation_failed",
      message: /ERR_BLOCKED_BY_CLIENT/,
    });
    assert.equal((await client.navigate({ url: `${site.url}/other` })).http_status, 200);
    await client.emulate({ blocked_urls: null });
  });
  await t.step(
    "a phone's screen, whose pixels a picture has, however wide the page is",
    async () => {
      await client.emulate({ viewport: { width: 390, height: 800, scale: 2, mobile: true } });
      await client.navigate({ url: "data:text/html,<p>laid out for a desk" });
      assert.equal(await js(client, "innerWidth > 390"), true);
      const { width, height } = await client.screenshot({});
      await client.emulate({ viewport: null });
      await client.navigate({ url: `${site.url}/` });
      // The page's width is rounded to whole CSS pixels, of which each is some of the picture's.
      assert.deepEqual([width, height].map((side) => Math.round(side / 10)), [78, 160]);
    },
  );
  await t.step("throttled network and processor", async () => {
    await client.emulate({ network: { latency_ms: 300 }, cpu_slowdown: 4 });
    const ms = await js(
      client,
      "(async () => { const t = performance.now(); await fetch('/x'); return performance.now() - t })()",
    );
    assert.ok(Number(ms) >= 290, String(ms));
    await client.emulate({ network: null, cpu_slowdown: null });
  });
});

Deno.test("emulate() without a page also reaches pages that open later, from their first request", async () => {
  await using agent = await startAgent();
  await using site = serveMirror();
  const { client } = agent;
  await client.navigate({ url: `${site.url}/` });
  await client.viewport({ width: 500, height: 400 });
  await client.userAgent({ user_agent: PHONE });
  await client.emulate({ headers: { "x-given": "all" } });
  await client.evaluate({
    expression: `document.body.innerHTML = '<a id=a target=_blank href="/popup">Open</a>', 1`,
  });
  await client.click({ selector: "#a" });
  const seen = "[location.pathname, innerWidth, sent['x-given'], sent['user-agent']]";
  assert.deepEqual(await js(client, seen), ["/popup", 500, "all", PHONE]);
});

Deno.test("emulate() refuses what is none", async () => {
  await using agent = await startAgent();
  const { client } = agent;
  const bad: Parameters<Client["emulate"]>[0][] = [
    { timezone: "Nowhere/City" },
    { locale: "!" },
    { viewport: { width: 0, height: 1 } },
    { headers: { "a b": "c" } },
    { headers: { a: "b\r\nc: d" } },
    { blocked_urls: Array(101).fill("*") },
  ];
  for (const change of bad) {
    const error = await client.emulate(change).catch((error) => error);
    assert.ok(error instanceof ViperError, JSON.stringify(change).slice(0, 100));
    assert.equal(error.code, "invalid_request");
  }
});
