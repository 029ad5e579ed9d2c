/**
 * Goal: cookies, stored items and permissions that are set are those that sites see, and what sites
 * keep can be read and taken away.
 * Method: rows on a real agent and Chrome; each row starts without any.
 */
import assert from "node:assert/strict";
import { ViperError } from "../../protocol/problems.ts";
import { serveSite, startAgent, type TestAgent } from "./agent_fixture.ts";

type Client = TestAgent["client"];
const js = async (c: Client, expression: string) => (await c.evaluate({ expression })).result;

type Good = [title: string, call: (c: Client, site: string) => Promise<unknown>, answer: unknown];
const GOOD: Good[] = [
  ["a cookie set is sent", async (c, url) => {
    await c.setCookies({ cookies: [{ name: "a", value: "1", url }] });
    return await js(c, "document.cookie");
  }, "a=1"],
  ["a cookie without a place is the page's", async (c) => {
    await c.setCookies({ cookies: [{ name: "a", value: "1", http_only: true }] });
    const { cookies } = await c.cookies({});
    return cookies.map(({ name, value, domain, http_only }) => [name, value, domain, http_only]);
  }, [["a", "1", "127.0.0.1", true]]],
  ["cookies cleared by name", async (c) => {
    await js(c, "document.cookie = 'a=1', document.cookie = 'b=2', 1");
    const { cleared } = await c.clearCookies({ name: "a" });
    return [cleared, await js(c, "document.cookie")];
  }, [1, "b=2"]],
  ["cookies listed by URL, by name and by domain", async (c, url) => {
    const cookie = { value: "1", domain: "a.test", path: "/x" };
    await c.setCookies({
      cookies: [
        { ...cookie, name: "a", secure: true },
        { ...cookie, name: "b", domain: ".a.test" },
        { name: "c", value: "1", url },
      ],
    });
    const names = async (which: Parameters<Client["cookies"]>[0]) =>
      (await c.cookies(which)).cookies.map(({ name }) => name).sort().join("");
    return [
      await names({}),
      await names({ urls: ["http://a.test/x"] }),
      await names({ urls: ["https://a.test/x/y", url] }),
      await names({ name: "b" }),
      await names({ domain: "a.test" }),
      await names({ domain: ".a.test", name: "a" }),
      await names({ domain: "nowhere.test" }),
    ];
  }, ["abc", "b", "abc", "b", "ab", "a", ""]],
  ["cookies cleared by domain and path, and no others", async (c, url) => {
    await c.setCookies({
      cookies: [
        { name: "a", value: "1", domain: "a.test", path: "/x" },
        { name: "a", value: "1", domain: "a.test", path: "/y" },
        { name: "a", value: "1", url },
      ],
    });
    const { cleared } = await c.clearCookies({ domain: "a.test", path: "/x" });
    return [cleared, (await c.cookies({})).cookies.map(({ domain, path }) => domain + path).sort()];
  }, [1, ["127.0.0.1/", "a.test/y"]]],
  ["a partitioned cookie comes back as one", async (c) => {
    const partition_key = { top_level_site: "https://top.test", has_cross_site_ancestor: true };
    const cookie = { name: "p", value: "1", domain: "cdn.test", same_site: "None", secure: true };
    await c.setCookies({ cookies: [{ ...cookie, partition_key }] });
    const { cookies } = await c.cookies({ name: "p" });
    const { cleared } = await c.clearCookies({ name: "p" });
    return [cookies[0]?.partition_key?.top_level_site, cleared, (await c.cookies({})).cookies];
  }, ["https://top.test", 1, []]],
  ["lone surrogates and names of objects' own", async (c) => {
    const items = { "\ud800": "\udfff", constructor: "c", toString: "t", length: "1" };
    await c.setStorage({ items });
    const seen = await js(c, `localStorage.getItem("\\ud800").charCodeAt(0)`);
    return [seen, (await c.storage({})).items["\ud800"], (await c.storage({})).items["length"]];
  }, [0xdfff, "\udfff", "1"]],
  ["local storage set, listed and emptied", async (c) => {
    await c.setStorage({ items: { k: "v" } });
    const seen = await js(c, "localStorage.k");
    const { items } = await c.storage({});
    await c.clearStorage({});
    return [seen, items, await js(c, "localStorage.length")];
  }, ["v", { k: "v" }, 0]],
  ["session storage is apart", async (c) => {
    await c.setStorage({ kind: "session", items: { k: "v" } });
    return [await js(c, "sessionStorage.k"), (await c.storage({})).items];
  }, ["v", {}]],
  ["a permission granted and taken back", async (c, origin) => {
    const state = "navigator.permissions.query({ name: 'geolocation' }).then((p) => p.state)";
    await c.setPermissions({ origin, permissions: { geolocation: "granted" } });
    const granted = await js(c, state);
    await c.resetPermissions({});
    return [granted, await js(c, state)];
  }, ["granted", "prompt"]],
  ["a permission denied, on one origin", async (c, origin) => {
    const state = "navigator.permissions.query({ name: 'geolocation' }).then((p) => p.state)";
    await c.setPermissions({ permissions: { geolocation: "granted" } });
    await c.setPermissions({ origin, permissions: { geolocation: "denied" } });
    const denied = await js(c, state);
    await c.resetPermissions({});
    return denied;
  }, "denied"],
  ["a profile attached and extracted", async (c) => {
    await c.attachProfile({
      cookies: [{ name: "a", value: "1", domain: "127.0.0.1", path: "/", same_site: "Lax" }],
      local_storage: { k: "v" },
    });
    const { cookies, local_storage } = await c.extractProfile({});
    return [cookies.map(({ name }) => name), local_storage];
  }, [["a"], { k: "v" }]],
];

const BAD: [string, (c: Client) => Promise<unknown>, code: string][] = [
  [
    "a cookie that its name forbids",
    (c) => c.setCookies({ cookies: [{ name: "__Secure-a", value: "1", url: "http://x.de" }] }),
    "cookie_invalid",
  ],
  ["a cookie of no place on no site", async (c) => {
    await c.navigate({ url: "about:blank" });
    return await c.setCookies({ cookies: [{ name: "a", value: "1" }] });
  }, "cookie_invalid"],
  [
    "a cookie for all sites of no rule",
    (c) => c.setCookies({ cookies: [{ name: "a", value: "1", domain: "a.test", same_site: "x" }] }),
    "invalid_request",
  ],
  ["storage of a page that has none", async (c) => {
    await c.navigate({ url: "about:blank" });
    return await c.storage({});
  }, "origin_not_open"],
  ["a page that there is not", (c) => c.cookies({ page: "none" }), "page_not_found"],
  ["an origin that no frame shows", (c) => c.storage({ origin: "http://x.de" }), "origin_not_open"],
  [
    "a permission that there is not",
    (c) => c.setPermissions({ permissions: { nonsense: "granted" } }),
    "permission_unknown",
  ],
  [
    "more than an origin may store",
    async (c) => {
      await c.setStorage({ items: { a: "x".repeat(3_000_000) } });
      await c.setStorage({ items: { b: "x".repeat(3_000_000) } });
    },
    "storage_full",
  ],
];

Deno.test("cookies, storage and permissions reach the site, and come back", async (t) => {
  await using agent = await startAgent();
  await using site = serveSite({ "/": "<title>Site</title>" });
  const { client } = agent;
  const clean = async () => {
    await client.navigate({ url: `${site.url}/` });
    await client.clearCookies({});
    await js(client, "localStorage.clear(), sessionStorage.clear()");
  };
  for (const [title, call, answer] of GOOD) {
    await t.step(title, async () => {
      await clean();
      assert.deepEqual(await call(client, site.url), answer);
    });
  }
  for (const [title, call, code] of BAD) {
    await t.step(`${title}: ${code}`, async () => {
      await clean();
      const error = await call(client).catch((error) => error);
      assert(error instanceof ViperError, String(error));
      assert.equal(error.code, code, error.message);
    });
  }
});
