/** Profiles over REST: what is taken, what is refused, and what the audit has of it. */
import assert from "node:assert/strict";
import type { ProblemCode } from "../../../../protocol/problems.ts";
import { type ApiWorld, apiWorld, assertProblem } from "./api_world.ts";

const PROFILES = "/api/v1/profiles";
const SECRET = "s3cret";
const contents = {
  cookies: [{ name: "session", value: SECRET, domain: "example.com" }],
  origins: [{ origin: "https://example.com", local_storage: { token: SECRET } }],
};

Deno.test("REST makes, lists, exports and deletes profiles, and audits without contents", async () => {
  await using api = await apiWorld();
  const made = await api.post(PROFILES, { name: "work", contents });
  assert.equal(made.status, 201);
  const list = await (await api.request(PROFILES)).text();
  assert.equal(JSON.parse(list)[0].name, "work");
  assert.ok(!list.includes(SECRET));
  const exported = await (await api.post(`${PROFILES}/work/export`, {})).json();
  assert.equal(exported.cookies[0].value, SECRET);
  const origin = { session_storage: {}, indexed_db: [], ...contents.origins[0] };
  assert.deepEqual(exported.origins, [origin]);
  await assertProblem(await api.post(PROFILES, { name: "work" }), "profile_exists");
  const deleted = await api.request(`${PROFILES}/work`, { method: "DELETE" });
  assert.equal(deleted.status, 204);
  const { records } = api.audit.list(10);
  assert.deepEqual(records.map(({ operation, target, outcome }) => [operation, target, outcome]), [
    ["profiles.delete", "work", "ok"],
    ["profiles.create", "work", "profile_exists"],
    ["profiles.export", "work", "ok"],
    ["profiles.create", "work", "ok"],
  ]);
  assert.ok(!JSON.stringify([records, api.log]).includes(SECRET));
});

Deno.test("REST takes profiles that are larger than other bodies, up to a limit", async () => {
  await using api = await apiWorld();
  const big = (bytes: number) => ({
    origins: [{ origin: "https://a.test", local_storage: { k: "x".repeat(bytes) } }],
  });
  const large = await api.post(PROFILES, { name: "large", contents: big(8_000_000) });
  assert.equal(large.status, 201);
  const more = await api.post(PROFILES, { name: "more", contents: big(17_000_000) });
  await assertProblem(more, "profile_too_large");
  const most = await api.post(PROFILES, { name: "most", contents: big(18_000_000) });
  await assertProblem(most, "body_too_large");
  assert.equal(api.world.profiles.store.list().length, 1);
});

type Refused = readonly [string, ProblemCode, (api: ApiWorld) => Promise<Response>];
const make = (contents: unknown) => (api: ApiWorld) => api.post(PROFILES, { name: "a", contents });
const REFUSED: readonly Refused[] = [
  ["no name", "invalid_request", (api) => api.post(PROFILES, {})],
  ["a path as name", "invalid_request", (api) => api.post(PROFILES, { name: "../x" })],
  ["an unknown member", "invalid_request", (api) => api.post(PROFILES, { name: "a", x: 1 })],
  ["contents with an unknown member", "invalid_request", make({ cookie: [] })],
  ["a cookie of no place", "invalid_request", make({ cookies: [{ name: "a", value: "b" }] })],
  ["an origin with a path", "invalid_request", make({ origins: [{ origin: "https://a.test/x" }] })],
  ["an origin that is a file", "invalid_request", make({ origins: [{ origin: "file:///etc" }] })],
  ["an origin in capitals", "invalid_request", make({ origins: [{ origin: "https://A.test" }] })],
  ["its usual port", "invalid_request", make({ origins: [{ origin: "https://a.test:443" }] })],
  [
    "a database without a version",
    "invalid_request",
    make({ origins: [{ origin: "https://a.test", indexed_db: [{ name: "d", stores: [] }] }] }),
  ],
  ["an unknown profile", "profile_not_found", (api) => api.request(`${PROFILES}/none`)],
  [
    "the export of an unknown profile",
    "profile_not_found",
    (api) => api.post(`${PROFILES}/none/export`, {}),
  ],
  [
    "an export by GET",
    "method_not_allowed",
    (api) => api.request(`${PROFILES}/none/export`),
  ],
  [
    "a VM with a profile that there is not",
    "profile_not_found",
    (api) => api.post("/api/v1/vms", { name: "a", profile: "none" }),
  ],
  [
    "a VM with a mode that there is not",
    "invalid_request",
    (api) => api.post("/api/v1/vms", { name: "a", profile: { name: "b", mode: "write" } }),
  ],
];

for (const [title, code, ask] of REFUSED) {
  Deno.test(`REST refuses ${title} with ${code}, and makes nothing`, async () => {
    await using api = await apiWorld();
    await assertProblem(await ask(api), code);
    assert.deepEqual([api.world.profiles.store.list(), api.world.rows.all()], [[], []]);
  });
}
