/** The REST face: each answer it can give, good and bad. */
import assert from "node:assert/strict";
import type { ProblemCode } from "../../../../protocol/problem_codes.ts";
import { parseSubnet } from "../../../../server/network/subnet.ts";
import { until } from "../../../until.ts";
import { type ApiWorld, apiWorld, assertProblem } from "./api_world.ts";

const VMS = "/api/v1/vms";

/** Requests that are refused for what they are; none of them may change anything. */
const REFUSED: readonly [string, ProblemCode, (api: ApiWorld) => Promise<Response>][] = [
  ["JSON cut short", "invalid_json", ({ post }) => post(VMS, '{"name":')],
  ["JSON that is a list", "invalid_json", ({ post }) => post(VMS, [])],
  ["JSON that is null", "invalid_json", ({ post }) => post(VMS, "null")],
  ["bytes that are not UTF-8", "invalid_json", ({ request }) =>
    request(VMS, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: new Uint8Array([0x22, 0xff, 0x22]),
    })],
  ["no body", "invalid_request", ({ request }) => request(VMS, { method: "POST" })],
  ["an unknown field", "invalid_request", ({ post }) => post(VMS, { name: "a", cpus: 1 })],
  [
    "a text for a number",
    "invalid_request",
    ({ post }) => post(VMS, { name: "a", cpu_cores: "2" }),
  ],
  ["half a core", "invalid_request", ({ post }) => post(VMS, { name: "a", cpu_cores: 1.5 })],
  ["too little memory", "invalid_request", ({ post }) => post(VMS, { name: "a", memory_mb: 63 })],
  ["a number for the name", "invalid_request", ({ post }) => post(VMS, { name: 1 })],
  ["the name ../../x", "invalid_request", ({ post }) => post(VMS, { name: "../../x" })],
  ["a name with a line feed", "invalid_request", ({ post }) => post(VMS, { name: "a\n" })],
  ["a name of 64", "invalid_request", ({ post }) => post(VMS, { name: "a".repeat(64) })],
  ["an empty name", "invalid_request", ({ post }) => post(VMS, { name: "" })],
  ["a name in capitals", "invalid_request", ({ post }) => post(VMS, { name: "A" })],
  [
    "a control character in the command line",
    "invalid_request",
    ({ post }) => post(VMS, { name: "a", kernel_cmdline: "a\nb" }),
  ],
  [
    "__proto__ as a field",
    "invalid_request",
    ({ post }) => post(VMS, '{"name":"a","__proto__":{"cpu_cores":1}}'),
  ],
  [
    "a form",
    "unsupported_media_type",
    ({ request }) => request(VMS, { method: "POST", body: new URLSearchParams({ name: "a" }) }),
  ],
  [
    "plain text",
    "unsupported_media_type",
    ({ request }) => request(VMS, { method: "POST", body: '{"name":"a"}' }),
  ],
  ["10 MB", "body_too_large", ({ post }) => post(VMS, { name: "a".repeat(10_000_000) })],
  ["10 MB in pieces of unknown number", "body_too_large", ({ request }) => {
    let left = 10;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) =>
        left-- > 0 ? controller.enqueue(new Uint8Array(1_000_000)) : controller.close(),
    });
    return request(VMS, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
  }],
  ["an encoded ../../x", "invalid_request", ({ request }) => request(`${VMS}/..%2F..%2Fx`)],
  ["a raw ../../x", "route_not_found", ({ request }) => request(`${VMS}/../../x`)],
  [
    "deleting an encoded ../x",
    "invalid_request",
    ({ request }) => request(`${VMS}/..%2Fx`, { method: "DELETE" }),
  ],
  ["an unknown route", "route_not_found", ({ request }) => request("/api/v2/vms")],
  ["an unknown query", "invalid_request", ({ request }) => request(`${VMS}?all=1`)],
  ["a wait without end", "invalid_request", ({ request }) => request(`${VMS}/a/wait?timeout_ms=0`)],
  ["a wait of NaN", "invalid_request", ({ request }) => request(`${VMS}/a/wait?timeout_ms=x`)],
  ["an unknown VM", "vm_not_found", ({ request }) => request(`${VMS}/nobody`)],
  [
    "deleting an unknown VM",
    "vm_not_found",
    ({ request }) => request(`${VMS}/nobody`, { method: "DELETE" }),
  ],
  [
    "the agent of an unknown VM",
    "vm_not_found",
    ({ request }) => request(`${VMS}/nobody/agent/healthz`),
  ],
  [
    "the browser of an unknown VM",
    "vm_not_found",
    ({ post }) => post(`${VMS}/nobody/agent/v1/browser/navigate`, { url: "about:blank" }),
  ],
  [
    "a bad URL for a browser",
    "invalid_request",
    ({ post }) => post(`${VMS}/nobody/agent/v1/browser/navigate`, { url: "file:///etc/passwd" }),
  ],
  [
    "a bad event id",
    "event_id_invalid",
    ({ request }) => request("/api/v1/events/vms", { headers: { "last-event-id": "-1" } }),
  ],
  [
    "another runtime",
    "runtime_unavailable",
    ({ post }) => post(VMS, { name: "a", runtime: "local" }),
  ],
];

for (const [what, code, ask] of REFUSED) {
  Deno.test(`REST answers ${what} with ${code} and changes nothing`, async () => {
    await using api = await apiWorld();
    await assertProblem(await ask(api), code);
    assert.deepEqual(api.world.rows.all(), []);
    assert.deepEqual(api.world.events(), []);
  });
}

/** Wrong methods, and what the route takes. */
const METHODS: readonly [string, string, string][] = [
  ["PUT", VMS, "POST, GET, HEAD"],
  ["DELETE", VMS, "POST, GET, HEAD"],
  ["POST", `${VMS}/a`, "GET, DELETE, HEAD"],
  ["PATCH", `${VMS}/a/wait`, "GET, HEAD"],
  ["POST", "/healthz", "GET, HEAD"],
  ["POST", "/api/v1/events/vms", "GET, HEAD"],
  ["GET", `${VMS}/a/agent/v1/browser/navigate`, "POST"],
];

for (const [method, path, allow] of METHODS) {
  Deno.test(`REST answers ${method} ${path} with 405 and Allow`, async () => {
    await using api = await apiWorld();
    const response = await api.request(path, { method });
    assert.equal(response.headers.get("allow"), allow);
    await assertProblem(response, "method_not_allowed");
  });
}

Deno.test("REST creates with 201, lists, gets and deletes with 204 and no body", async () => {
  await using api = await apiWorld();
  const made = await api.post(VMS, { name: "one" });
  assert.equal(made.status, 201);
  const vm = await made.json();
  assert.deepEqual(await (await api.request(VMS)).json(), [vm]);
  assert.deepEqual(await (await api.request(`${VMS}/one`)).json(), vm);
  assert.equal("token" in vm, false);
  const gone = await api.request(`${VMS}/one`, { method: "DELETE" });
  assert.deepEqual([gone.status, await gone.text()], [204, ""]);
  assert.deepEqual(await (await api.request(VMS)).json(), []);
});

Deno.test("REST answers HEAD as GET without a body", async () => {
  await using api = await apiWorld();
  for (const path of ["/healthz", VMS, "/api/v1/system/status"]) {
    const response = await api.request(path, { method: "HEAD" });
    assert.deepEqual([response.status, await response.text()], [200, ""], path);
  }
});

Deno.test("REST tells health and status with the members of earlier versions", async () => {
  await using api = await apiWorld();
  const health = await (await api.request("/healthz")).json();
  assert.deepEqual(health, { status: "ok", version: "1.2.3" });
  const status = await (await api.request("/api/v1/system/status")).json();
  assert.equal(status.vm_count, 0);
  for (const member of ["cpu_percent", "mem_percent"]) {
    assert.ok(status[member] >= 0 && status[member] <= 100, member);
  }
});

Deno.test("REST tells each end of a create by its own code", async () => {
  await using api = await apiWorld({ vmLimit: 1 });
  const create = (name: string) => api.post(VMS, { name });
  api.world.runtime.bootFailure = new Error("no luck");
  await assertProblem(await create("a"), "vm_start_failed");
  assert.equal(api.serverErrors.length, 1);
  api.world.runtime.bootFailure = null;
  assert.equal((await create("a")).status, 201);
  await assertProblem(await create("a"), "vm_exists");
  await assertProblem(await create("b"), "vm_limit_reached");
  await assertProblem(await api.request(`${VMS}/a/agent/healthz`), "vm_not_running");
  api.world.runtime.traits.image = true;
  await assertProblem(await create("c"), "image_not_found");
  await api.world.fleet.close();
  api.world.runtime.traits.image = false;
  await assertProblem(await create("d"), "shutting_down");
});

Deno.test("REST answers addresses_exhausted when the subnet is full", async () => {
  const subnet = parseSubnet("10.9.0.0/30");
  await using api = await apiWorld({ network: { subnet, hostIp: "10.9.0.1", resolvers: [] } });
  assert.equal((await api.post(VMS, { name: "a" })).status, 201);
  await assertProblem(await api.post(VMS, { name: "b" }), "addresses_exhausted");
});

Deno.test("REST answers vm_busy when too many requests wait for one VM", async () => {
  await using api = await apiWorld();
  const gate = Promise.withResolvers<void>();
  api.world.runtime.gate = gate.promise;
  const creating = api.post(VMS, { name: "a" });
  await until("the row", () => api.world.rows.byName("a") !== undefined);
  const deletes = Array.from({ length: 40 }, () => api.request(`${VMS}/a`, { method: "DELETE" }));
  gate.resolve();
  const answers = await Promise.all(deletes);
  await creating;
  assert.equal(answers.filter(({ status }) => status === 204).length, 1);
  const busy = answers.find(({ status }) => status === 409);
  assert.ok(busy !== undefined);
  await assertProblem(busy, "vm_busy");
});

Deno.test("REST ends a wait with timeout, and at the daemon's end with shutting_down", async () => {
  await using api = await apiWorld();
  await api.post(VMS, { name: "a" });
  const late = api.request(`${VMS}/a/wait?timeout_ms=1000`);
  await until("the wait", () => api.world.bus.idleSubscribers === 1);
  await api.world.clock.advance(1_000);
  await assertProblem(await late, "timeout");
  const closed = api.request(`${VMS}/a/wait`);
  await until("the wait", () => api.world.bus.idleSubscribers === 1);
  api.closing.abort();
  await assertProblem(await closed, "shutting_down");
});

Deno.test("REST hides what went wrong inside, and logs it once with its cause", async () => {
  await using api = await apiWorld();
  const failure = new Error("secret of the house");
  api.world.fleet.list = () => {
    throw failure;
  };
  const body = await assertProblem(await api.request(VMS), "internal");
  assert.ok(!JSON.stringify(body).includes("secret"));
  assert.deepEqual(api.serverErrors, [failure]);
});
