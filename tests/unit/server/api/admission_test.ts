/** Who is let in: keys where there is one, own host names and pages where there is none. */
import assert from "node:assert/strict";
import { admit } from "../../../../server/api/admission.ts";
import { apiWorld, assertProblem } from "./api_world.ts";

const OPEN = { apiKey: null, listenHostname: "127.0.0.1" };
const KEYED = { apiKey: "s3cret", listenHostname: "0.0.0.0" };

const OWN: readonly [string, string | null][] = [
  ["http://127.0.0.1:7777/", null],
  ["http://localhost:7777/", null],
  ["http://[::1]:7777/", null],
  ["http://127.0.0.1:7777/", "http://127.0.0.1:7777"],
  ["http://localhost:7777/", "http://localhost:7777"],
];
const FOREIGN: readonly [string, string | null][] = [
  ["http://evil.test:7777/", null],
  ["http://127.0.0.1.evil.test:7777/", null],
  ["http://10.0.0.1:7777/", null],
  ["http://127.0.0.1:7777/", "https://evil.test"],
  ["http://127.0.0.1:7777/", "http://127.0.0.1:8080"],
  ["http://127.0.0.1:7777/", "http://localhost:7777"],
  ["http://127.0.0.1:7777/", "null"],
  ["http://127.0.0.1:7777/", ""],
  ["http://127.0.0.1:7777/", "http://127.0.0.1:7777.evil.test"],
];

const request = (url: string, headers: Record<string, string> = {}) =>
  new Request(url, { headers });
const from = (origin: string | null) => origin === null ? {} : { origin };

for (const [url, origin] of OWN) {
  Deno.test(`admit() lets ${url} of a page of ${origin} in`, () => {
    admit(request(url, from(origin)), OPEN);
  });
}
for (const [url, origin] of FOREIGN) {
  Deno.test(`admit() refuses ${url} of a page of "${origin}" with forbidden_origin`, () => {
    assert.throws(() => admit(request(url, from(origin)), OPEN), { code: "forbidden_origin" });
  });
}

for (
  const [site, isRefused] of [["cross-site", true], ["same-site", true], ["same-origin", false], [
    "none",
    false,
  ]] as const
) {
  Deno.test(`admit() ${isRefused ? "refuses" : "takes"} what a browser asks for a ${site} page`, () => {
    const ask = () => admit(request("http://127.0.0.1:7777/", { "sec-fetch-site": site }), OPEN);
    if (isRefused) assert.throws(ask, { code: "forbidden_origin" });
    else ask();
  });
}

const KEYS: readonly [string, Record<string, string>, boolean][] = [
  ["none", {}, false],
  ["the right one as a bearer", { authorization: "Bearer s3cret" }, true],
  ["the right one as a bearer in small letters", { authorization: "bearer s3cret" }, true],
  ["the right one in X-Viper-API-Key", { "x-viper-api-key": "s3cret" }, true],
  ["a wrong one", { authorization: "Bearer s3crex" }, false],
  ["a longer one", { authorization: "Bearer s3cret2" }, false],
  ["a shorter one", { "x-viper-api-key": "s3cre" }, false],
  ["an empty one", { "x-viper-api-key": "" }, false],
  ["the right one by another scheme", { authorization: "Basic s3cret" }, false],
];

for (const [what, headers, isIn] of KEYS) {
  Deno.test(`admit() with a key and ${what} is ${isIn ? "let in" : "unauthorized"}`, () => {
    const ask = () => admit(request("http://anything.test/", headers), KEYED);
    if (isIn) ask();
    else assert.throws(ask, { code: "unauthorized" });
  });
}

Deno.test("admit() names no key in what it says", () => {
  const ask = () => admit(request("http://a.test/", { authorization: "Bearer guess" }), KEYED);
  assert.throws(ask, (error: Error) => {
    assert.ok(!/s3cret|guess/.test(JSON.stringify(error) + error.message));
    return true;
  });
});

Deno.test("REST asks for the key on every route, unknown ones too", async () => {
  await using api = await apiWorld({ rules: KEYED });
  const paths = ["/healthz", "/api/v1/vms", "/api/v1/events/vms", "/nowhere"];
  for (const path of [...paths, "/api/v1/vms/a/agent/healthz"]) {
    await assertProblem(await api.request(path), "unauthorized");
  }
  const headers = { authorization: "Bearer s3cret" };
  assert.equal((await api.request("/api/v1/vms", { headers })).status, 200);
});

Deno.test("REST answers a foreign page with forbidden_origin", async () => {
  await using api = await apiWorld();
  const headers = { origin: "https://evil.test", "content-type": "application/json" };
  const create = { method: "POST", headers, body: '{"name":"a"}' };
  await assertProblem(await api.request("/api/v1/vms", create), "forbidden_origin");
  assert.deepEqual(api.world.rows.all(), []);
});
