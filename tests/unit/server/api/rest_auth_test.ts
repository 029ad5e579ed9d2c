/** The door as REST has it: every route asks, every role may what it may, every change is told. */
import assert from "node:assert/strict";
import { type Operation, roleOf } from "../../../../protocol/operation.ts";
import * as lists from "../../../../protocol/operations.ts";
import { allows, type Role, role } from "../../../../protocol/roles.ts";
import { type ApiWorld, apiWorld, assertProblem } from "./api_world.ts";

const KEYED = { rules: { insecureLoopback: false } };

function keyOf(api: ApiWorld, role: Role): Record<string, string> {
  return { authorization: `Bearer ${api.keys.create({ name: role, role }).key}` };
}

/** Every operation that the daemon serves, with its path and the role that it needs. */
function served(): { name: string; method: string; path: string; needed: Role }[] {
  const { browserOperations, agentOperations: _agent, guestOperations: _guest, ...rest } = lists;
  const own = Object.values(rest).filter((list) => typeof list === "object")
    .flatMap((list): Operation[] => Object.values(list));
  const rows = own.map((operation) => ({
    ...{ name: operation.name, method: operation.http.method, path: operation.http.path },
    needed: roleOf(operation),
  }));
  const browser = Object.values(browserOperations).map(({ name, http }) => ({
    ...{ name, method: http.method, path: lists.AGENT_PREFIX + http.path },
    needed: "operator" as const,
  }));
  return [
    ...rows,
    ...browser,
    { name: "the agent proxy", method: "GET", path: "/api/v1/vms/a/agent/x", needed: "operator" },
    { name: "the event stream", method: "GET", path: "/api/v1/events/vms", needed: "viewer" },
  ];
}

for (const { name, method, path, needed } of served()) {
  Deno.test(`${name} is for ${needed} and above, and for nobody without a key`, async () => {
    await using api = await apiWorld(KEYED);
    const url = path.replaceAll(/\{(\w+)\}/g, "none");
    if (name !== "system.health") {
      await assertProblem(await api.request(url, { method }), "unauthorized");
    }
    for (const held of role.options) {
      const response = await api.request(url, { method, headers: keyOf(api, held) });
      if (!allows(held, needed)) {
        const { detail, hint } = await assertProblem(response, "forbidden");
        assert.match(String(detail), new RegExp(`needs the role ${needed}.* the role ${held}`));
        assert.match(String(hint), /higher role/);
      } else {
        assert.ok(![401, 403, 429].includes(response.status), `${held}: ${response.status}`);
        await response.body?.cancel();
      }
    }
  });
}

Deno.test("the roles of operations are those of the list", () => {
  const needed = Object.fromEntries(served().map(({ name, needed }) => [name, needed]));
  assert.equal(needed["vms.list"], "viewer");
  assert.equal(needed["vms.create"], "operator");
  assert.equal(needed["vms.delete"], "operator");
  assert.equal(needed["tickets.create"], "viewer");
  assert.equal(needed["profiles.list"], "viewer");
  assert.equal(needed["profiles.create"], "operator");
  assert.equal(needed["profiles.export"], "admin");
  for (const name of ["keys.create", "keys.list", "keys.delete", "audit.list"]) {
    assert.equal(needed[name], "admin", name);
  }
});

Deno.test("REST asks for the key on every route, unknown ones too, and names the scheme", async () => {
  await using api = await apiWorld(KEYED);
  const paths = ["/", "/nowhere", "/api/v1/vms", "/api/v1/events/vms", "/healthz/x"];
  for (const path of paths) {
    const response = await api.request(path);
    assert.equal(response.headers.get("www-authenticate"), "Bearer");
    await assertProblem(response, "unauthorized");
  }
  assert.equal((await api.request("/healthz")).status, 200);
  await assertProblem(await api.request("/healthz", {}, "10.0.0.9"), "unauthorized");
});

Deno.test("REST refuses before it reads the body", async () => {
  await using api = await apiWorld(KEYED);
  let read = false;
  const body = new ReadableStream({
    pull: (controller) => {
      read = true;
      controller.close();
    },
  }, { highWaterMark: 0 });
  const headers = { ...keyOf(api, "viewer"), "content-type": "application/json" };
  const response = await api.request("/api/v1/vms", { method: "POST", headers, body });
  await assertProblem(response, "forbidden");
  assert.ok(!read);
});

Deno.test("REST answers a foreign page with forbidden_origin", async () => {
  await using api = await apiWorld();
  const headers = { origin: "https://evil.test", "content-type": "application/json" };
  const create = { method: "POST", headers, body: '{"name":"a"}' };
  await assertProblem(await api.request("/api/v1/vms", create), "forbidden_origin");
  assert.deepEqual(api.world.rows.all(), []);
});

Deno.test("REST says when to come back after too many wrong keys", async () => {
  await using api = await apiWorld(KEYED);
  const wrong = { headers: { authorization: "Bearer wrong" } };
  for (let at = 0; at < 10; at++) {
    await assertProblem(await api.request("/api/v1/vms", wrong), "unauthorized");
  }
  const refused = await api.request("/api/v1/vms", wrong);
  assert.equal(refused.headers.get("retry-after"), "60");
  await assertProblem(refused, "too_many_failures");
  const { status } = await api.request("/api/v1/vms", { headers: keyOf(api, "viewer") });
  assert.equal(status, 200);
});

Deno.test("REST lets a ticket follow events, once, with its maker's role", async () => {
  await using api = await apiWorld(KEYED);
  const headers = keyOf(api, "viewer");
  const made = await api.request("/api/v1/tickets", { method: "POST", headers });
  assert.equal(made.status, 201);
  const { ticket } = await made.json();
  const stream = await api.request(`/api/v1/events/vms?ticket=${ticket}&last_event_id=0`);
  assert.equal(stream.status, 200);
  await stream.body?.cancel();
  await assertProblem(await api.request(`/api/v1/vms?ticket=${ticket}`), "unauthorized");
  const other = await (await api.request("/api/v1/tickets", { method: "POST", headers })).json();
  const path = `/api/v1/vms/a?ticket=${other.ticket}`;
  await assertProblem(await api.request(path, { method: "DELETE" }), "forbidden");
});

Deno.test("REST ends an event stream once its key is deleted", async () => {
  await using api = await apiWorld(KEYED);
  const { key, id } = api.keys.create({ name: "a", role: "viewer" });
  const headers = { authorization: `Bearer ${key}` };
  const stream = await api.request("/api/v1/events/vms", { headers });
  const text = stream.text();
  await api.world.clock.advance(15_000);
  api.keys.delete(id);
  await api.world.clock.advance(15_000);
  assert.equal((await text).match(/: ping/g)?.length, 1);
});

Deno.test("REST takes a key in the query of any operation", async () => {
  await using api = await apiWorld(KEYED);
  const { key } = api.keys.create({ name: "a", role: "operator" });
  assert.equal((await api.request(`/api/v1/vms?api_key=${key}`)).status, 200);
  const json = { "content-type": "application/json" };
  const create = { method: "POST", headers: json, body: '{"name":"a"}' };
  assert.equal((await api.request(`/api/v1/vms?api_key=${key}`, create)).status, 201);
});

Deno.test("keys are made, listed and deleted over REST, and a key ends as it is deleted", async () => {
  await using api = await apiWorld(KEYED);
  const headers = { ...keyOf(api, "admin"), "content-type": "application/json" };
  const body = '{"name":"ci","role":"viewer","ttl_ms":60000}';
  const made = await (await api.request("/api/v1/keys", { method: "POST", headers, body })).json();
  assert.deepEqual([made.name, made.role], ["ci", "viewer"]);
  const use = { headers: { authorization: `Bearer ${made.key}` } };
  assert.equal((await api.request("/api/v1/vms", use)).status, 200);
  const listed = await (await api.request("/api/v1/keys", { headers })).json();
  const { key: _key, ...shown } = made;
  assert.deepEqual(listed[1], { ...shown, last_used_at: "2024-01-01T00:00:00.000Z" });
  const gone = await api.request(`/api/v1/keys/${made.id}`, { method: "DELETE", headers });
  assert.equal(gone.status, 204);
  await assertProblem(await api.request("/api/v1/vms", use), "unauthorized");
  const again = await api.request(`/api/v1/keys/${made.id}`, { method: "DELETE", headers });
  await assertProblem(again, "key_not_found");
});

for (
  const body of [
    '{"name":""}',
    '{"name":"(local)"}',
    '{"name":"a b"}',
    '{"name":"a","role":"root"}',
  ]
) {
  Deno.test(`keys.create refuses ${body} and makes nothing`, async () => {
    await using api = await apiWorld();
    await assertProblem(await api.post("/api/v1/keys", body), "invalid_request");
    assert.deepEqual(api.keys.list(), []);
  });
}

Deno.test("every request that was to change something is in the audit, and none that reads", async () => {
  await using api = await apiWorld(KEYED);
  const operator = { ...keyOf(api, "operator"), "content-type": "application/json" };
  const viewer = keyOf(api, "viewer");
  const send = async (method: string, path: string, headers: HeadersInit, body?: string) => {
    const init = { method, headers, ...(body === undefined ? {} : { body }) };
    await (await api.request(path, init, "10.0.0.9")).body?.cancel();
  };
  await send("POST", "/api/v1/vms", operator, '{"name":"a"}');
  await send("POST", "/api/v1/vms", operator, '{"name":"a"}');
  await send("POST", "/api/v1/vms", operator, '{"nome":"a"}');
  await send("DELETE", "/api/v1/vms/a", viewer);
  await send("POST", "/api/v1/vms/a/agent/v1/dom/click?x=secret", operator, '{"selector":"#a"}');
  await send("PUT", "/api/v1/vms/a/agent/x/y?x=secret", operator);
  await send("DELETE", "/api/v1/vms/a", operator);
  const records = api.audit.list(100).records.reverse();
  assert.deepEqual(records.map(({ operation, target, outcome }) => [operation, target, outcome]), [
    ["vms.create", "a", "ok"],
    ["vms.create", "a", "vm_exists"],
    ["vms.create", "", "invalid_request"],
    ["vms.delete", "a", "forbidden"],
    ["browser.click", "a", "vm_not_running"],
    ["agent.forward", "a /x/y", "vm_not_running"],
    ["vms.delete", "a", "ok"],
  ]);
  const [first] = records;
  assert.deepEqual([first?.principal, first?.role, first?.via, first?.peer], [
    ...["operator", "operator", "key", "10.0.0.9"],
  ]);
  await send("GET", "/api/v1/vms", operator);
  await send("GET", "/api/v1/vms/a/agent/x", operator);
  await send("PATCH", "/nowhere", operator);
  await send("POST", "/api/v1/vms", {}, '{"name":"b"}');
  assert.equal(api.audit.list(100).records.length, 7);
  assert.equal(api.log.filter((line) => line.includes('"audit"')).length, 7);
});

Deno.test("no answer, log line, audit record or problem has a secret in it", async () => {
  await using api = await apiWorld({
    rules: { insecureLoopback: false, environmentKey: "environment-secret" },
    agentOf: () =>
      ({
        url: "http://127.0.0.1:1",
        token: "agent-secret",
        signal: new AbortController().signal,
        pool: {
          fetch: (_label: string, url: string) => {
            throw new TypeError(`error sending request for url (${url})`);
          },
        },
      }) as never,
  });
  const { key } = api.keys.create({ name: "a", role: "admin" });
  const secret = key.slice(21);
  assert.equal(secret.length, 43);
  const guess = `vpr_0123456789abcdef_${"g".repeat(43)}`;
  const answers: string[] = [];
  for (const given of [key, guess, "environment-secret", "short-guess"]) {
    for (
      const path of ["/api/v1/vms/a/agent/x", "/nowhere", "/api/v1/vms/A", "/api/v1/events/vms"]
    ) {
      for (const method of ["GET", "POST", "DELETE"]) {
        const query = `${path}?api_key=${given}&last_event_id=x`;
        const headers = { "x-viper-api-key": given };
        for (
          const response of [
            await api.request(query, { method }),
            await api.request(path, { method, headers }),
            await api.request(path, { method, headers: { authorization: `Bearer ${given}` } }),
          ]
        ) {
          if (response.headers.get("content-type") === "text/event-stream") {
            await response.body?.cancel();
            continue;
          }
          answers.push(JSON.stringify([...response.headers]) + await response.text());
        }
      }
    }
  }
  const errors = api.serverErrors.map((error) => Deno.inspect(error, { depth: 10 }));
  assert.ok(errors.length > 0, "some requests failed in the agent proxy");
  const told = [...answers, ...errors, ...api.log, JSON.stringify(api.audit.list(1_000))].join(
    "\n",
  );
  for (const text of [secret, "ggggg", "environment-secret", "short-guess", "agent-secret"]) {
    assert.ok(!told.includes(text), text);
  }
});
