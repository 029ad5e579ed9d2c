/**
 * Goal: what a browser holds and is extracted is what another browser holds that it is attached to,
 * and nothing is lost without a word.
 * Method: pages on loopback that store something of each kind, and two real agents.
 */
import assert from "node:assert/strict";
import { ViperError } from "../../protocol/problems.ts";
import { reached } from "./reached.ts";
import { serveSite, startAgent, type TestAgent } from "./agent_fixture.ts";

type Client = TestAgent["client"];

/** One value of each kind that structured clones know and a profile takes. */
const VALUES = `(() => {
  const shared = { a: 1 };
  const self = { shared, again: shared };
  self.self = self;
  const sparse = [1, , 3];
  const bytes = new Uint8Array([0, 1, 254, 255]);
  return {
    text: "\\ud800 lone, \\u0000, 漢字", empty: "", yes: true, none: null, missing: undefined,
    numbers: [0, -0, 1.5, NaN, Infinity, -Infinity, 2 ** 53], big: 12345678901234567890n,
    dates: [new Date(0), new Date(NaN)], regexp: /a(b)?/gi, sparse, nested: { deep: [[{}]] },
    map: new Map([[{ k: 1 }, new Map()], ["x", undefined]]), set: new Set([1, "1", shared]),
    bytes, same: bytes.buffer, part: new Int16Array(bytes.buffer, 2, 1),
    view: new DataView(new ArrayBuffer(8), 4, 2), floats: new Float64Array([Math.PI]),
    error: new RangeError("too far"), boxed: [Object(1), Object("s"), Object(false), Object(2n)],
    cycle: self, ["__proto__"]: undefined,
    blob: new Blob(["bl\\u00f6b"], { type: "text/plain" }),
    file: new File(["file"], "a b.txt", { type: "text/x", lastModified: 12345 }),
    odd: JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}'),
  };
})()`;

const FILL = `new Promise((resolve, reject) => {
  const opening = indexedDB.open("app", 7);
  opening.onerror = () => reject(opening.error);
  opening.onupgradeneeded = () => {
    const db = opening.result;
    const people = db.createObjectStore("people", { keyPath: "id", autoIncrement: true });
    people.createIndex("by name", "name", { unique: true });
    people.createIndex("by tag", ["tags", "name"], { unique: false });
    people.createIndex("tags", "tags", { multiEntry: true });
    db.createObjectStore("loose");
    db.createObjectStore("counted", { autoIncrement: true });
    db.createObjectStore("empty", { keyPath: ["a", "b.c"] });
  };
  opening.onsuccess = () => {
    const db = opening.result;
    const transaction = db.transaction(["people", "loose", "counted"], "readwrite");
    transaction.objectStore("people").put({ name: "A", tags: ["x", "y"] });
    transaction.objectStore("people").put({ id: 40, name: "B", tags: [] });
    const loose = transaction.objectStore("loose");
    loose.put(${VALUES}, "values");
    for (const key of [1, -1.5, new Date(5), "k", new Uint8Array([1, 2]).buffer, ["a", [1]]])
      loose.put("of a key", key);
    for (let at = 0; at < 250; at++) transaction.objectStore("counted").put(at);
    transaction.oncomplete = () => { db.close(); resolve("filled"); };
    transaction.onabort = () => reject(transaction.error);
  };
})`;

/** What a page sees of it, as text: the copy must look the same to the page, not only to us. */
const SEEN = `new Promise((resolve, reject) => {
  const opening = indexedDB.open("app");
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = async () => {
    const db = opening.result;
    const get = (store, key) => new Promise((resolve) => {
      const asked = db.transaction(store).objectStore(store).get(key);
      asked.onsuccess = () => resolve(asked.result);
    });
    const v = await get("loose", "values");
    const people = db.transaction("people").objectStore("people");
    const named = await new Promise((r) => {
      const asked = people.index("by name").get("B"); asked.onsuccess = () => r(asked.result) });
    const tagged = await new Promise((r) => {
      const asked = people.index("tags").getAllKeys("y"); asked.onsuccess = () => r(asked.result) });
    const next = await new Promise((r) => {
      const put = db.transaction("people", "readwrite").objectStore("people").put({ name: "C" });
      put.onsuccess = () => r(put.result) });
    const text = (value) => Object.prototype.toString.call(value) + String(value);
    const seen = [
      db.version, [...db.objectStoreNames], named.id, tagged, next,
      [...v.text].map((c) => c.codePointAt(0)), "missing" in v, text(v.missing),
      v.numbers.map((n) => Object.is(n, -0) ? "-0" : String(n)), text(v.big),
      v.dates.map(text), text(v.regexp), 1 in v.sparse, v.sparse.length,
      [...v.map.keys()].map((k) => JSON.stringify(k)), v.map.has("x"), [...v.set].map(text),
      v.bytes.buffer === v.same, v.part.buffer === v.same, v.part[0],
      [v.view.byteOffset, v.view.byteLength, v.view.buffer.byteLength], text(v.floats),
      v.error instanceof RangeError, v.error.message, v.boxed.map(text),
      v.cycle.self === v.cycle, v.cycle.shared === v.cycle.again, [...v.set][2] === v.cycle.shared,
      v.blob.type, await v.blob.text(), v.file.name, v.file.lastModified, await v.file.text(),
      Object.keys(v.odd), Object.getPrototypeOf(v.odd) === Object.prototype, ({}).polluted,
    ];
    db.close();
    resolve(JSON.stringify(seen));
  };
})`;

const js = async (client: Client, expression: string) =>
  (await client.evaluate({ expression })).result;

/** Chrome tells cookies of one moment in an order of its own. */
function sorted<Taken extends { cookies: { domain: string }[] }>(taken: Taken): Taken {
  const cookies = taken.cookies.toSorted((a, b) => a.domain < b.domain ? -1 : 1);
  return { ...taken, cookies };
}

async function fill(client: Client, sites: readonly string[]): Promise<void> {
  for (const url of sites) {
    await client.navigate({ url: `${url}/` });
    await js(
      client,
      `localStorage.setItem("at", origin), localStorage.setItem("\\ud800", "\\udfff")`,
    );
    await js(client, `sessionStorage.setItem("tab", origin)`);
    await js(client, `document.cookie = "seen=yes; max-age=3600"`);
    assert.equal(await js(client, FILL), "filled");
  }
}

Deno.test("a profile that is extracted and attached to another browser is equal there", async () => {
  await using first = await startAgent();
  await using one = serveSite({ "/": "<title>One</title>" });
  await using two = serveSite({ "/": "<title>Two</title>" });
  const sites = [one.url, two.url.replace("127.0.0.1", "localhost")];
  await first.client.setCookies({
    cookies: [
      { name: "http", value: "only", domain: "example.com", http_only: true, secure: true },
      {
        name: "d",
        value: "1",
        domain: ".example.com",
        path: "/x",
        same_site: "None",
        secure: true,
      },
      {
        ...{ name: "p", value: "1", domain: "cdn.example", same_site: "None", secure: true },
        partition_key: { top_level_site: "https://top.example", has_cross_site_ancestor: true },
      },
      { name: "late", value: "1", domain: "example.org", expires: 1_900_000_000 },
    ],
  });
  await fill(first.client, sites);
  const taken = await first.client.extractProfile({});
  assert.deepEqual(taken.left_out, []);
  assert.deepEqual(taken.origins.map(({ origin }) => origin), sites);
  assert.deepEqual([taken.origin, taken.attached], [sites[1], false]);
  assert.equal(taken.cookies.length, 6);

  await using second = await startAgent();
  const { cookies, origins } = taken;
  await second.client.attachProfile({ cookies, origins });
  assert.equal((await second.client.pagesList({})).pages.length, 1, "no page is left behind");
  for (const url of sites) {
    await second.client.navigate({ url: `${url}/` });
    assert.equal(await js(second.client, "localStorage.at"), url);
    assert.equal(await js(second.client, "document.cookie"), "seen=yes");
  }
  assert.equal(
    await js(second.client, "sessionStorage.tab"),
    sites[1],
    "of the page that it was of",
  );
  const again = await second.client.extractProfile({});
  assert.deepEqual(sorted({ ...again, attached: false }), sorted(taken));
  assert.equal(again.attached, true);

  for (const url of sites) {
    await first.client.navigate({ url: `${url}/` });
    await second.client.navigate({ url: `${url}/` });
    const seen = await js(second.client, SEEN);
    assert.equal(seen, await js(first.client, SEEN));
    assert.match(String(seen), /^\[7,\["counted","empty","loose","people"\],40,\[1\],41,/);
  }
});

/** Puts one record into a store of its own. */
const put = (database: string, value: string) =>
  `new Promise((resolve, reject) => {
    const opening = indexedDB.open(${JSON.stringify(database)}, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("s");
    opening.onsuccess = async () => {
      const value = await (${value});
      const transaction = opening.result.transaction("s", "readwrite");
      transaction.objectStore("s").put(value, "k");
      transaction.oncomplete = () => { opening.result.close(); resolve("put"); };
      transaction.onabort = () => reject(transaction.error);
    };
  })`;

const SECRET_KEY =
  `crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt"])`;

/** A database with one store, as an import may bring it. */
const database = (store: Record<string, unknown>) => ({
  name: "db",
  version: 1,
  stores: [
    { name: "s", key_path: null, auto_increment: false, indexes: [], records: [], ...store },
  ],
});

Deno.test("a profile is taken as far as it goes, and what is left out is told", async (t) => {
  let asked = 0;
  const page = (title: string) => () => {
    asked++;
    const headers = { "content-type": "text/html", "content-security-policy": "sandbox" };
    const isBare = title === "bare";
    return new Response(`<title>${title}</title>`, {
      headers: isBare ? headers : { "content-type": "text/html" },
    });
  };
  await using agent = await startAgent();
  await using site = serveSite({
    "/": page("Site"),
    "/bare": page("bare"),
    "/worker.js": () =>
      new Response(
        `onfetch = (event) => event.respondWith(new Response("<title>worker</title>",
          { headers: { "content-type": "text/html" } }))`,
        { headers: { "content-type": "text/javascript" } },
      ),
    "/worker": `<script>navigator.serviceWorker.register("/worker.js")</script>`,
  });
  const { client } = agent;
  const url = `${site.url}/`;
  const other = url.replace("127.0.0.1", "localhost");
  const away = () => client.navigate({ url: "about:blank" });

  await t.step("what a site stores is read without asking the site", async () => {
    await client.navigate({ url });
    await js(client, `localStorage.k = "v"`);
    await away();
    const before = asked;
    const { origin, origins, local_storage } = await client.extractProfile({});
    assert.deepEqual([origin, local_storage], ["", {}]);
    assert.deepEqual(origins.map(({ local_storage }) => local_storage), [{ k: "v" }]);
    assert.equal(asked, before);
    const { pages } = await client.pagesList({});
    assert.deepEqual(pages.map(({ url }) => url), ["about:blank"]);
  });

  await t.step("a record that cannot be taken is left out, and the others are taken", async () => {
    await client.navigate({ url });
    assert.equal(await js(client, put("keys", SECRET_KEY)), "put");
    assert.equal(await js(client, put("plain", "1")), "put");
    const { origins, left_out } = await client.extractProfile({});
    const what = "indexed_db keys/s";
    const reason = "a CryptoKey cannot be taken along";
    assert.deepEqual(left_out, [{ origin: site.url, what, reason }]);
    const databases = origins[0]?.indexed_db ?? [];
    const counts = databases.map(({ name, stores }) => [name, stores[0]?.records.length]);
    assert.deepEqual(counts.sort(), [["keys", 0], ["plain", 1]]);
  });

  await t.step("a database that is too large is left out", async () => {
    await client.navigate({ url: other });
    await js(client, put("big", "new Uint8Array(17_000_000)"));
    await js(client, put("small", "'s'"));
    const { origins, left_out } = await client.extractProfile({});
    const big = left_out.find(({ what }) => what === "indexed_db big");
    assert.match(big?.reason ?? "", /too large/);
    const names = origins.at(-1)?.indexed_db.map(({ name }) => name);
    assert.deepEqual(names, ["small"]);
  });

  await t.step("a page that hangs keeps nothing from being saved but its own", async () => {
    await client.navigate({ url });
    // Whether the dialog comes before the answer is chance.
    await js(client, `setTimeout(() => alert("hold"), 0), 1`).catch(() => {});
    await reached(async () => (await client.dialogsList({})).dialogs.at(0));
    const { origins, left_out } = await client.extractProfile({});
    await client.dialogsDismiss({});
    const all = [...origins, ...left_out].map(({ origin }) => origin);
    assert.deepEqual([...new Set(all)].sort(), [site.url, other.slice(0, -1)].sort());
  });

  await t.step(
    "of two pages of one origin the last one's session storage is taken",
    async () => {
      const session = async () =>
        Object.fromEntries(
          (await client.extractProfile({})).origins
            .map(({ origin, session_storage }) => [origin, session_storage["page"]]),
        );
      const keep = (word: string) => js(client, `sessionStorage.page = "${word}"`);
      await client.navigate({ url });
      await keep("first");
      const first = (await client.pagesList({})).pages.at(-1)?.id ?? "";
      const { id: second } = await client.pagesNew({ url });
      await keep("second");
      const { id: third } = await client.pagesNew({ url: other });
      await keep("third");
      const otherOrigin = other.slice(0, -1);
      assert.deepEqual(await session(), { [site.url]: "second", [otherOrigin]: "third" });
      await client.pagesActivate({ page: first });
      await client.pagesActivate({ page: third });
      assert.deepEqual(await session(), { [site.url]: "first", [otherOrigin]: "third" });
      await client.pagesActivate({ page: first });
      await js(client, `setTimeout(() => alert("hold"), 0), 1`).catch(() => {});
      await reached(async () => (await client.dialogsList({})).dialogs.at(0));
      const { left_out, origins } = await client.extractProfile({ page: third });
      const [left, ...more] = left_out.filter(({ what }) => what === "session_storage");
      assert.deepEqual([left?.origin, more], [site.url, []]);
      assert.match(left?.reason ?? "", /the page shows the alert "hold"/);
      const own = origins.find(({ origin }) => origin === site.url);
      assert.equal(own?.session_storage["page"], "second", "of the other page of that origin");
      await client.dialogsDismiss({});
      for (const page of [second, third]) await client.pagesClose({ page });
    },
  );

  await t.step("a service worker of the site is passed by", async () => {
    await client.navigate({ url: `${other}worker` });
    await js(client, "navigator.serviceWorker.ready.then(() => 1)");
    await away();
    const { origins, left_out } = await client.extractProfile({});
    assert.ok(origins.some(({ origin }) => origin === other.slice(0, -1)));
    assert.ok(left_out.every(({ what }) => what !== "everything"), JSON.stringify(left_out));
  });

  await t.step("items without an origin are those of the first page that is gone to", async () => {
    await using fresh = await startAgent();
    await fresh.client.attachProfile({
      local_storage: { first: "local" },
      session_storage: { first: "session" },
    });
    await fresh.client.navigate({ url });
    const seen = await js(fresh.client, "[localStorage.first, sessionStorage.first]");
    assert.deepEqual(seen, ["local", "session"]);
    await js(fresh.client, "localStorage.first = 'mine'");
    await fresh.client.reload({});
    assert.equal(await js(fresh.client, "localStorage.first"), "mine", "and only once");
  });

  const bad: [string, (c: Client) => Promise<unknown>, string, RegExp][] = [
    [
      "a database that a page keeps open",
      async (c) => {
        await c.navigate({ url });
        await js(
          c,
          `new Promise((done) => { const opening = indexedDB.open("db");
            opening.onsuccess = () => { globalThis.held = opening.result; done(); } })`,
        );
        return await c.attachProfile({
          origins: [{ origin: site.url, indexed_db: [database({})] }],
        });
      },
      "database_blocked",
      /the database "db" of "http:.*" is kept open by a page$/,
    ],
    [
      "a key path that is none",
      (c) =>
        c.attachProfile({
          origins: [{ origin: other.slice(0, -1), indexed_db: [database({ key_path: "a b" })] }],
        }),
      "invalid_request",
      /the database "db" of .* cannot be made: /,
    ],
    [
      "a record of no kind",
      (c) =>
        c.attachProfile({
          origins: [{
            origin: other.slice(0, -1),
            indexed_db: [database({ records: [{ key: "k", value: { nothing: 1 } }] })],
          }],
        }),
      "invalid_request",
      /a value of no known kind/,
    ],
    [
      "more than an origin may store",
      (c) =>
        c.attachProfile({
          origins: [{
            origin: other.slice(0, -1),
            local_storage: { a: "x".repeat(3_000_000), b: "x".repeat(3_000_000) },
          }],
        }),
      "storage_full",
      /the item "b" has no room/,
    ],
    [
      "a cookie that its name forbids",
      (c) =>
        c.attachProfile({ cookies: [{ name: "__Host-a", value: "1", domain: "example.com" }] }),
      "cookie_invalid",
      /^Cannot attach the profile: /,
    ],
    [
      "an origin with a path",
      (c) => c.attachProfile({ origins: [{ origin: "https://a.test/path" }] }),
      "invalid_request",
      /origins\/0\/origin/,
    ],
    [
      "a member that is unknown",
      (c) => c.attachProfile({ cookie: [] } as never),
      "invalid_request",
      /Unrecognized key/,
    ],
  ];
  for (const [title, call, code, message] of bad) {
    await t.step(`${title}: ${code}`, async () => {
      await away();
      const error = await call(client).then(
        (answer) => assert.fail(`answered ${JSON.stringify(answer)}`),
        (error) => error,
      );
      assert(error instanceof ViperError, String(error));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
    });
  }
});
