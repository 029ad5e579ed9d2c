/** The life of VMs over REST: keys of requests, room for them, lists, and each step's route. */
import assert from "node:assert/strict";
import { until } from "../../../until.ts";
import { type ApiWorld, apiWorld, assertProblem } from "./api_world.ts";

const VMS = "/api/v1/vms";

/** A create with an Idempotency-Key, by the caller with that API key. */
function create(
  api: ApiWorld,
  body: unknown,
  { key, apiKey }: { key?: string; apiKey?: string } = {},
): Promise<Response> {
  return api.request(VMS, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(key === undefined ? {} : { "idempotency-key": key }),
      ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
    },
    body: JSON.stringify(body),
  });
}

Deno.test("Idempotency-Key makes one VM of a request that is made again", async () => {
  await using api = await apiWorld();
  const first = await create(api, { name: "a", labels: { x: "1", y: "2" } }, { key: "k" });
  const again = await create(api, { labels: { y: "2", x: "1" }, name: "a" }, { key: "k" });
  assert.deepEqual([first.status, again.status], [201, 201]);
  assert.deepEqual(await again.json(), await first.json());
  assert.equal(api.world.runtime.machines.length, 1);
  assert.equal(api.world.events().filter((type) => type === "VM_CREATED").length, 1);
});

Deno.test("Idempotency-Key makes one VM of two requests at once", async () => {
  await using api = await apiWorld();
  const gate = Promise.withResolvers<void>();
  api.world.runtime.gate = gate.promise;
  const both = [create(api, { name: "a" }, { key: "k" }), create(api, { name: "a" }, { key: "k" })];
  await until("the row", () => api.world.rows.byName("a") !== undefined);
  gate.resolve();
  const [one, other] = await Promise.all(both.map(async (answer) => await (await answer).json()));
  assert.deepEqual(one, other);
  assert.equal(one.status, "starting", "the second is answered when the first is done");
  assert.equal(api.world.runtime.machines.length, 1);
});

Deno.test("Idempotency-Key is refused for another request, and changes nothing", async () => {
  await using api = await apiWorld();
  await create(api, { name: "a" }, { key: "k" });
  await assertProblem(await create(api, { name: "b" }, { key: "k" }), "idempotency_key_reused");
  await assertProblem(
    await create(api, { name: "a", memory_mb: 128 }, { key: "k" }),
    "idempotency_key_reused",
  );
  assert.equal(api.world.rows.count(), 1);
});

Deno.test("Idempotency-Key does not bring back a VM that was deleted", async () => {
  await using api = await apiWorld();
  await create(api, { name: "a" }, { key: "k" });
  await api.request(`${VMS}/a`, { method: "DELETE" });
  const body = await assertProblem(
    await create(api, { name: "a" }, { key: "k" }),
    "idempotency_key_reused",
  );
  assert.match(String(body["detail"]), /the VM that it made is gone/);
  assert.equal((await create(api, { name: "a" }, { key: "other" })).status, 201);
});

Deno.test("Idempotency-Key of one caller is nothing to another", async () => {
  await using api = await apiWorld();
  const [one, other] = ["one", "other"].map((name) =>
    api.keys.create({ name, role: "operator" }).key
  );
  const mine = await create(api, { name: "a" }, { key: "k", apiKey: one ?? "" });
  const yours = await create(api, { name: "b" }, { key: "k", apiKey: other ?? "" });
  assert.deepEqual([mine.status, yours.status], [201, 201]);
  assert.notEqual((await mine.json()).id, (await yours.json()).id);
});

for (const cause of ["a failed boot", "no room"] as const) {
  Deno.test(`Idempotency-Key is free again after ${cause}`, async () => {
    await using api = await apiWorld({ vmLimit: 1 });
    if (cause === "no room") await create(api, { name: "full" });
    else api.world.runtime.bootFailure = new Error("no luck");
    const refused = await create(api, { name: "a" }, { key: "k" });
    assert.notEqual(refused.status, 201);
    api.world.runtime.bootFailure = null;
    await api.request(`${VMS}/full`, { method: "DELETE" });
    assert.equal((await create(api, { name: "a" }, { key: "k" })).status, 201);
  });
}

Deno.test("Idempotency-Key of a create that fails lets the one beside it have its turn", async () => {
  await using api = await apiWorld();
  const { runtime } = api.world;
  // The first machine alone does not boot.
  Object.defineProperty(runtime, "bootFailure", {
    get: () => runtime.machines.length === 0 ? new Error("no luck") : null,
  });
  const both = [create(api, { name: "a" }, { key: "k" }), create(api, { name: "a" }, { key: "k" })];
  const statuses = (await Promise.all(both)).map(({ status }) => status);
  assert.deepEqual(statuses.sort(), [201, 500]);
  assert.equal(api.world.fleet.get("a").status, "starting");
});

for (const key of ["", "a b", "ä", "x".repeat(256)]) {
  Deno.test(`Idempotency-Key "${key.slice(0, 9)}" is refused and makes nothing`, async () => {
    await using api = await apiWorld();
    const header = encodeURI(key) === key ? key : "\xe4";
    await assertProblem(await create(api, { name: "a" }, { key: header }), "invalid_request");
    assert.equal(api.world.rows.count(), 0);
  });
}

/** A host with room for two VMs of 1 core and 100 MB. */
const CAPACITY = { vms: 3, cpuCores: 4, memoryMb: 400 };

Deno.test("POST /vms on a full host answers 503 and when to come again", async () => {
  await using api = await apiWorld({ capacity: CAPACITY });
  const size = { cpu_cores: 1, memory_mb: 100 };
  for (const name of ["a", "b"]) assert.equal((await create(api, { name, ...size })).status, 201);
  const full = await create(api, { name: "c", ...size });
  assert.match(full.headers.get("retry-after") ?? "", /^[1-9]\d*$/);
  await assertProblem(full, "capacity_exhausted");
  await create(api, { name: "d", cpu_cores: 1, memory_mb: 64 });
  const tooMany = await create(api, { name: "e", cpu_cores: 1, memory_mb: 64 });
  assert.match(tooMany.headers.get("retry-after") ?? "", /^[1-9]\d*$/);
});

for (const end of ["delete", "stop", "crash"] as const) {
  Deno.test(`POST /vms with wait_ms has the room that a ${end} makes`, async () => {
    await using api = await apiWorld({ vmLimit: 1 });
    await create(api, { name: "a" });
    const waiting = create(api, { name: "b", wait_ms: 60_000 });
    await until("the wait", () => api.world.fleet.waiting === 1);
    if (end === "delete") await api.request(`${VMS}/a`, { method: "DELETE" });
    else if (end === "stop") await api.post(`${VMS}/a/stop`, { grace_ms: 0 });
    else api.world.runtime.running[0]?.exit();
    assert.equal((await waiting).status, 201);
    assert.equal(api.world.fleet.waiting, 0);
  });
}

Deno.test("POST /vms with wait_ms is refused when the time is up", async () => {
  await using api = await apiWorld({ vmLimit: 1 });
  await create(api, { name: "a" });
  const waiting = create(api, { name: "b", wait_ms: 5_000 });
  await until("the wait", () => api.world.fleet.waiting === 1);
  await api.world.clock.advance(5_000);
  await assertProblem(await waiting, "vm_limit_reached");
});

Deno.test("POST /vms with wait_ms is forgotten when its client hangs up", async () => {
  await using api = await apiWorld({ vmLimit: 1 });
  await create(api, { name: "a" });
  const client = new AbortController();
  const waiting = api.request(VMS, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "b", wait_ms: 60_000 }),
    signal: client.signal,
  });
  await until("the wait", () => api.world.fleet.waiting === 1);
  client.abort();
  await waiting.catch(() => {});
  await until("nobody", () => api.world.fleet.waiting === 0);
  await api.request(`${VMS}/a`, { method: "DELETE" });
  assert.equal(api.world.rows.count(), 0);
});

Deno.test("POST /vms with wait_ms ends with the daemon", async () => {
  await using api = await apiWorld({ vmLimit: 1 });
  await create(api, { name: "a" });
  const waiting = create(api, { name: "b", wait_ms: 60_000 });
  await until("the wait", () => api.world.fleet.waiting === 1);
  await api.world.fleet.close();
  await assertProblem(await waiting, "shutting_down");
});

Deno.test("POST /vms with a known Idempotency-Key waits for no room", async () => {
  await using api = await apiWorld({ vmLimit: 1 });
  const body = { name: "a", wait_ms: 60_000 };
  const made = await (await create(api, body, { key: "k" })).json();
  const waiting = create(api, { name: "b", wait_ms: 50_000 });
  await until("the wait", () => api.world.fleet.waiting === 1);
  assert.deepEqual(await (await create(api, body, { key: "k" })).json(), made);
  await api.request(`${VMS}/a`, { method: "DELETE" });
  await waiting;
});

/** Over what the daemon allows, or over what its host has in all: no wait could help. */
const TOO_LARGE: readonly [string, Record<string, number>][] = [
  ["more cores than allowed", { cpu_cores: 3, memory_mb: 64 }],
  ["more memory than allowed", { cpu_cores: 1, memory_mb: 257 }],
  ["sizes by default that are more", {}],
  ["more with a wait", { cpu_cores: 3, memory_mb: 64, wait_ms: 1_000 }],
];

for (const [what, size] of TOO_LARGE) {
  for (const by of ["sizeMax", "capacity"] as const) {
    Deno.test(`POST /vms refuses ${what}, by ${by}, and changes nothing`, async () => {
      await using api = await apiWorld(
        by === "sizeMax"
          ? { sizeMax: { cpuCores: 2, memoryMb: 256 } }
          : { capacity: { vms: 9, cpuCores: 2, memoryMb: 320 } },
      );
      const problem = await assertProblem(
        await create(api, { name: "a", ...size }),
        "invalid_request",
      );
      assert.match(String(problem["detail"]), /allows 2 cores and 256 MB/);
      assert.equal(api.world.rows.count(), 0);
      const fits = { name: "a", cpu_cores: 2, memory_mb: 256 };
      assert.equal((await create(api, fits)).status, 201);
    });
  }
}

Deno.test("GET /vms filters, pages and refuses what is no filter", async () => {
  await using api = await apiWorld();
  for (const name of ["a", "b", "c"]) {
    await create(api, { name, labels: name === "b" ? {} : { team: "web", stage: name } });
  }
  await api.world.announce("c");
  const names = async (query: string) =>
    (await (await api.request(`${VMS}?${query}`)).json()).map((vm: { name: string }) => vm.name);
  assert.deepEqual(await names(""), ["a", "b", "c"]);
  assert.deepEqual(await names("label=team%3Dweb"), ["a", "c"]);
  assert.deepEqual(await names("label=team%3Dweb,stage%3Dc"), ["c"]);
  assert.deepEqual(await names("label=stage%3Da,stage%3Dc"), []);
  assert.deepEqual(await names("status=running"), ["c"]);
  assert.deepEqual(await names("limit=2"), ["a", "b"]);
  const { seq } = await (await api.request(`${VMS}/b`)).json();
  assert.deepEqual(await names(`limit=2&after=${seq}`), ["c"]);
  const many = Array.from({ length: 33 }, (_, at) => `k${at}=`).join(",");
  for (
    const query of [
      ...["status=up", "label=team", "label==x", "label=a%3Db,", "limit=0", "limit=1001"],
      ...["after=-1", `label=${encodeURIComponent(many)}`, "labels=a%3Db"],
    ]
  ) {
    await assertProblem(await api.request(`${VMS}?${query}`), "invalid_request");
  }
});

Deno.test("a VM's life over REST goes step by step and is answered with where it stands", async () => {
  await using api = await apiWorld();
  const step = async (path: string, body: unknown = {}) => {
    const response = await api.post(`${VMS}/a/${path}`, body);
    assert.equal(response.status, 200, path);
    return (await response.json()).status;
  };
  await create(api, { name: "a" });
  await assertProblem(await api.post(`${VMS}/a/pause`, {}), "vm_busy");
  await assertProblem(await api.post(`${VMS}/a/start`, {}), "vm_busy");
  await api.world.announce("a");
  assert.equal(await step("pause"), "paused");
  await assertProblem(
    await api.post(`${VMS}/a/agent/v1/browser/navigate`, { url: "about:blank" }),
    "vm_not_running",
  );
  assert.equal(await step("resume"), "running");
  assert.equal(await step("stop", { grace_ms: 0 }), "stopped");
  assert.equal(await step("stop", { grace_ms: 0 }), "stopped");
  assert.equal(await step("start"), "starting");
  assert.equal(await step("restart", { grace_ms: 0 }), "starting");
  assert.equal(await step("egress", { egress: ["10.0.0.0/8"] }), "starting");
  for (const bad of [{ egress: "all" }, { egress: ["10.0.0.1/8"] }, { egress: ["::/0"] }, {}]) {
    await assertProblem(await api.post(`${VMS}/a/egress`, bad), "invalid_request");
  }
  for (const bad of [{ grace_ms: -1 }, { grace_ms: 120_001 }, { grace: 1 }]) {
    await assertProblem(await api.post(`${VMS}/a/stop`, bad), "invalid_request");
  }
  for (const path of ["start", "stop", "restart", "pause", "resume"]) {
    await assertProblem(await api.post(`${VMS}/nobody/${path}`, {}), "vm_not_found");
  }
});

Deno.test("no answer and no event holds a VM's variables or its key", async () => {
  await using api = await apiWorld();
  const made = await create(api, { name: "a", environment: { PASSWORD: "s3cret" } });
  await api.world.announce("a");
  const token = api.world.rows.byName("a")?.token ?? assert.fail();
  const seen = [
    await made.text(),
    await (await api.request(VMS)).text(),
    await (await api.request(`${VMS}/a/wait?timeout_ms=1`)).text(),
    await (await api.request("/api/v1/audit")).text(),
    JSON.stringify(api.world.db.all("SELECT body FROM events")),
    api.log.join(),
    api.world.logged.join(),
  ];
  for (const text of seen) {
    assert.ok(!text.includes("s3cret") && !text.includes("PASSWORD") && !text.includes(token));
  }
});
