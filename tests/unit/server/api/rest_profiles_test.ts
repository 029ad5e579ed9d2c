/** Profiles over REST: what is taken, what is refused, and what the audit has of it. */
import assert from "node:assert/strict";
import type { ProblemCode } from "../../../../protocol/problem_codes.ts";
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

/** A body of no declared length that goes on for as long as it is read; tells how much that was. */
function endless(mb: number) {
  const chunk = new TextEncoder().encode(" ".repeat(1_000_000));
  const sent = { mb: 0 };
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (sent.mb++ < mb) controller.enqueue(chunk);
      else controller.close();
    },
  }, { highWaterMark: 0 });
  return { body, sent };
}

const origins = (member: object) => [{ origin: "https://a.test", ...member }];
const store = { name: "s", key_path: null, auto_increment: false, indexes: [] };
const stores = (records: unknown[], count: number) => ({
  indexed_db: [{ name: "d", version: 1, stores: Array(count).fill({ ...store, records }) }],
});
const record = { key: 1, value: 2 };

/** What is hostile or damaged, and what is said of it. */
const HOSTILE: readonly (readonly [string, unknown, ProblemCode, RegExp])[] = [
  ["is cut", JSON.stringify({ name: "a", contents }).slice(0, -9), "invalid_json", /JSON/],
  ["is sealed", "\x01\x80\xff\0", "invalid_json", /^Cannot read the request body: /],
  ["is a list", "[]", "invalid_json", /it is not a JSON object$/],
  [
    "has a member of a newer version",
    { ...contents, passkeys: [] },
    "invalid_request",
    /\/contents: Unrecognized key: "passkeys"$/,
  ],
  [
    "has an origin of a newer version",
    { origins: origins({ caches: [] }) },
    "invalid_request",
    /\/contents\/origins\/0: Unrecognized key: "caches"$/,
  ],
  [
    "has a record of a newer version",
    { origins: origins(stores([record, { ...record, blob: "" }], 1)) },
    "invalid_request",
    /\/stores\/0\/records\/1: Unrecognized key: "blob"$/,
  ],
  [
    "has a million cookies",
    { cookies: Array(1_000_000).fill({}) },
    "invalid_request",
    /\/contents\/cookies: Too big: expected array to have <=3000 items$/,
  ],
  [
    "has a million records in a store",
    { origins: origins(stores(Array(1_000_000).fill({}), 1)) },
    "invalid_request",
    /\/records: Too big: expected array to have <=100000 items$/,
  ],
  [
    "has a million wrong records in many stores",
    { origins: origins(stores(Array(100_000).fill(0), 10)) },
    "invalid_request",
    /\/records\/0: Invalid input: expected object, received number$/,
  ],
  [
    "has ten thousand wrong items",
    { origins: origins({ local_storage: Object.fromEntries(Array(10_000).fill(0).entries()) }) },
    "invalid_request",
    /\/local_storage\/0: Invalid input: expected string, received number$/,
  ],
  [
    "has three thousand wrong cookies",
    { cookies: Array(3_000).fill({}) },
    "invalid_request",
    /; and 5950 more$/,
  ],
];

for (const [title, hostile, code, detail] of HOSTILE) {
  Deno.test(`REST refuses a profile that ${title}, and changes nothing`, async () => {
    await using api = await apiWorld();
    await api.world.profiles.add("kept");
    const before = JSON.stringify(api.world.profiles.store.list());
    const body = typeof hostile === "string" ? hostile : { name: "a", contents: hostile };
    const answer = await api.post(PROFILES, body);
    const told = (await answer.clone().json()).detail;
    await assertProblem(answer, code);
    assert.match(told, detail);
    assert.ok(told.length < 10_000, "it is as long as a person reads");
    assert.equal(JSON.stringify(api.world.profiles.store.list()), before);
  });
}

Deno.test("REST reads no more of a profile of 100 MB than a profile may have", async () => {
  await using api = await apiWorld();
  const { body, sent } = endless(100);
  const headers = { "content-type": "application/json" };
  const answer = await api.request(PROFILES, { method: "POST", headers, body });
  await assertProblem(answer, "body_too_large");
  assert.ok(sent.mb < 20, `${sent.mb} MB were read`);
  const declared = { ...headers, "content-length": "100000000" };
  const short = await api.request(PROFILES, { method: "POST", headers: declared, body: "{}" });
  await assertProblem(short, "body_too_large");
  assert.deepEqual(api.world.profiles.store.list(), []);
});

Deno.test("REST takes no profile under another key than the others'", async () => {
  await using api = await apiWorld();
  await api.world.profiles.add("kept");
  const keyPath = `${api.world.folder}/profiles.key`;
  const key = Deno.readTextFileSync(keyPath);
  Deno.writeTextFileSync(keyPath, "0".repeat(64));
  const before = JSON.stringify(api.world.profiles.store.list());
  await assertProblem(await api.post(PROFILES, { name: "a", contents }), "profile_key_wrong");
  await assertProblem(await api.post(`${PROFILES}/kept/export`, {}), "profile_key_wrong");
  assert.equal(JSON.stringify(api.world.profiles.store.list()), before);
  Deno.writeTextFileSync(keyPath, key);
  assert.equal((await api.post(PROFILES, { name: "a", contents })).status, 201);
});

Deno.test("REST refuses what is wrong too often to be told with a 400, and not a 500", async () => {
  await using api = await apiWorld();
  const labels = Object.fromEntries(Array(300_000).fill(0).entries());
  const answer = await api.post("/api/v1/vms", { name: "a", labels });
  assert.ok((await answer.clone().text()).length < 20_000);
  await assertProblem(answer, "invalid_request");
  assert.deepEqual([api.world.rows.all(), api.serverErrors], [[], []]);
});
