/** The way to an agent, over an agent that only remembers what it was asked. */
import assert from "node:assert/strict";
import { until } from "../../../until.ts";
import { BODY_LIMIT_BYTES } from "../../../../protocol/http_body.ts";
import { Verifier } from "../../../../protocol/verifier.ts";
import { ADDRESSES_BYTES_MAX } from "../../../../server/api/devtools.ts";
import type { AgentLink } from "../../../../server/vms/incarnation.ts";
import { type ApiWorld, apiWorld, assertProblem } from "../api/api_world.ts";

const AGENT = "/api/v1/vms/one/agent";

interface Asked {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string;
}

/** An API whose every VM has the agent that `answer` plays. */
async function relayWorld(
  answer: (asked: Asked, signal: AbortSignal) => Response | Promise<Response>,
): Promise<{ api: ApiWorld; asked: Asked[]; ended: AbortController } & AsyncDisposable> {
  const asked: Asked[] = [];
  const ended = new AbortController();
  const link: AgentLink = {
    url: "http://10.9.0.2:8080",
    token: "vm-token",
    signal: ended.signal,
    use: () => ({ [Symbol.dispose]: () => {} }),
    pool: {
      fetch: async (_label, url, init = {}) => {
        const request = new Request(url, init);
        const one = { url, method: request.method, headers: request.headers };
        asked.push({ ...one, body: await request.text() });
        return await answer(asked.at(-1) as Asked, init.signal as AbortSignal);
      },
      [Symbol.dispose]: () => {},
    },
  };
  const api = await apiWorld({ agentOf: () => link });
  return { api, asked, ended, [Symbol.asyncDispose]: () => api[Symbol.asyncDispose]() };
}

const PATHS: readonly [string, string][] = [
  ["/healthz", "/healthz"],
  ["", "/"],
  ["/", "/"],
  ["/a%2Fb%20c/%E2%82%AC?q=a%26b&q=+%2B&empty=", "/a%2Fb%20c/%E2%82%AC?q=a%26b&q=+%2B&empty="],
  ["//evil.test/x", "//evil.test/x"],
  ["/a?x=http://evil.test/@", "/a?x=http://evil.test/@"],
];

for (const [given, expected] of PATHS) {
  Deno.test(`the agent proxy passes "${given}" on exactly`, async () => {
    await using relay = await relayWorld(() => new Response("ok"));
    assert.equal((await relay.api.request(AGENT + given)).status, 200);
    assert.equal(relay.asked[0]?.url, `http://10.9.0.2:8080${expected}`);
  });
}

Deno.test("the agent proxy keeps the path when the client encodes the VM's name", async () => {
  await using relay = await relayWorld(() => new Response("ok"));
  await relay.api.request("/api/v1/vms/%6F%6e%65/agent/v1/logs/stream?a=1");
  assert.equal(relay.asked[0]?.url, "http://10.9.0.2:8080/v1/logs/stream?a=1");
});

Deno.test("the agent proxy keeps credentials and hop-by-hop headers to itself", async () => {
  await using relay = await relayWorld(() => new Response("ok"));
  const { key } = relay.api.keys.create({ name: "a", role: "operator" });
  const own = ["authorization", "cookie", "accept-encoding", "x-viper-api-key", "origin"];
  const hops = ["keep-alive", "te", "trailer", "transfer-encoding", "proxy-authorization"];
  const headers = new Headers(
    [...own, ...hops, "x-hop"].map((name): [string, string] => [name, key]),
  );
  headers.set("origin", "http://127.0.0.1:7777");
  headers.set("connection", "close, X-Hop");
  headers.set("x-kept", "kept");
  const path = `${AGENT}/x?a=1&api_key=${key}&b=%20`;
  await relay.api.request(path, { method: "PUT", headers, body: "body" });
  const [asked] = relay.asked;
  assert.equal(asked?.method, "PUT");
  assert.equal(asked.url, "http://10.9.0.2:8080/x?a=1&b=%20");
  assert.equal(asked.body, "body");
  assert.equal(asked.headers.get("authorization"), null);
  assert.equal(asked.headers.get("x-kept"), "kept");
  const names = [...own.slice(1), ...hops, "x-hop", "connection"];
  for (const name of names) assert.equal(asked.headers.get(name), null, name);
});

Deno.test("the agent proxy passes the answer on, without headers of the hop", async () => {
  await using relay = await relayWorld(() =>
    new Response("moved", {
      status: 302,
      headers: { location: "/there", connection: "x-hop", "x-hop": "1", "keep-alive": "1" },
    })
  );
  const response = await relay.api.request(`${AGENT}/x`);
  assert.deepEqual([response.status, await response.text()], [302, "moved"]);
  assert.equal(response.headers.get("location"), "/there");
  for (const name of ["connection", "x-hop", "keep-alive"]) {
    assert.equal(response.headers.get(name), null, name);
  }
});

Deno.test("the agent proxy refuses an upgrade as invalid_request", async () => {
  await using relay = await relayWorld(() => new Response("ok"));
  const headers = { connection: "upgrade", upgrade: "websocket" };
  await assertProblem(await relay.api.request(`${AGENT}/x`, { headers }), "invalid_request");
  assert.equal(relay.asked.length, 0);
});

Deno.test("an agent that cannot be reached is agent_unreachable, its cause for the log", async () => {
  const failure = new TypeError("connection refused");
  await using relay = await relayWorld(() => Promise.reject(failure));
  await assertProblem(await relay.api.request(`${AGENT}/x`), "agent_unreachable");
  const [error] = relay.api.serverErrors;
  assert.equal((error as Error).cause, failure);
});

Deno.test("an agent that takes too long is agent_timeout", async () => {
  await using relay = await relayWorld((_asked, signal) =>
    new Promise((_, reject) => {
      const fail = () => reject(signal.reason);
      if (signal.aborted) fail();
      signal.addEventListener("abort", fail);
    })
  );
  const late = async (ms: number, answer: Promise<Response>) => {
    await until("the agent to be asked", () => relay.asked.length > 0);
    await relay.api.world.clock.advance(ms - 1);
    assert.equal(await Promise.race([answer, Promise.resolve("waiting")]), "waiting");
    await relay.api.world.clock.advance(1);
    await assertProblem(await answer, "agent_timeout");
    relay.asked.length = 0;
  };
  await late(120_000, relay.api.request(`${AGENT}/x`));
  await late(5_007, relay.api.post(`${AGENT}/v1/dom/click`, { selector: "a", timeout_ms: 7 }));
});

Deno.test("an agent's answer may stream for longer than it may take to begin", async () => {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  await using relay = await relayWorld(() => new Response(readable));
  const response = await relay.api.request(`${AGENT}/v1/logs/stream`);
  await relay.api.world.clock.advance(1_000_000);
  const writer = writable.getWriter();
  const wrote = writer.write(new TextEncoder().encode("late")).then(() => writer.close());
  assert.equal(await response.text(), "late");
  await wrote;
});

Deno.test("a call under way ends with its VM, though its guest is silent", async () => {
  await using relay = await relayWorld((_asked, signal) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))
  );
  const answer = relay.api.request(`${AGENT}/x?token=secret`);
  await until("the agent to be asked", () => relay.asked.length > 0);
  relay.ended.abort();
  const problem = await assertProblem(await answer, "vm_not_running");
  assert.doesNotMatch(JSON.stringify(problem.detail), /secret/);
});

Deno.test("what a guest answers cannot act in the daemon's name", async () => {
  const acting = [
    ...["set-cookie", "access-control-allow-origin", "clear-site-data", "www-authenticate"],
    ...["refresh", "strict-transport-security", "alt-svc", "nel", "reporting-endpoints"],
  ];
  await using relay = await relayWorld(() =>
    new Response("<script>", {
      headers: Object.fromEntries([...acting.map((name) => [name, "x"]), [
        "content-type",
        "text/html",
      ]]),
    })
  );
  const { headers } = await relay.api.request(`${AGENT}/x`);
  assert.equal(headers.get("content-security-policy"), "sandbox");
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.deepEqual(acting.filter((name) => headers.has(name)), []);
});

Deno.test("a browser operation reaches the agent validated, with defaults and signed", async () => {
  await using relay = await relayWorld(() => Response.json({ status: "ok" }));
  const response = await relay.api.post(`${AGENT}/v1/dom/click`, { selector: "#a" });
  assert.deepEqual(await response.json(), { status: "ok" });
  assert.equal(relay.asked[0]?.url, "http://10.9.0.2:8080/v1/dom/click");
  assert.ok(await isSigned(relay, relay.asked[0] as Asked));
  assert.deepEqual(JSON.parse(relay.asked[0]?.body ?? ""), {
    selector: "#a",
    button: "left",
    count: 1,
    modifiers: [],
    timeout_ms: 30_000,
  });
});

Deno.test("what a client accepts chooses the format, and the agent's bytes come as they are", async () => {
  const headers = { "content-type": "image/jpeg", vary: "Accept" };
  await using relay = await relayWorld(() => new Response(new Uint8Array([0, 255]), { headers }));
  const response = await relay.api.request(`${AGENT}/v1/browser/screenshot`, {
    method: "POST",
    headers: { accept: "image/jpeg" },
  });
  assert.equal(relay.asked[0]?.headers.get("accept"), "image/jpeg");
  assert.equal(JSON.parse(relay.asked[0]?.body ?? "").format, "jpeg");
  assert.deepEqual([...await response.bytes()], [0, 255]);
  assert.equal(response.headers.get("content-type"), "image/jpeg");
  assert.equal(response.headers.get("vary"), "Accept");
  const refused = await relay.api.request(`${AGENT}/v1/browser/screenshot`, {
    method: "POST",
    headers: { accept: "image/jpeg", "content-type": "application/json" },
    body: '{"format":"png"}',
  });
  await assertProblem(refused, "not_acceptable");
  assert.equal(relay.asked.length, 1);
});

Deno.test("an agent's problem is passed on as it is", async () => {
  const body = JSON.stringify({ code: "element_not_found" });
  const headers = { "content-type": "application/problem+json" };
  await using relay = await relayWorld(() => new Response(body, { status: 404, headers }));
  const response = await relay.api.post(`${AGENT}/v1/dom/click`, { selector: "#a" });
  assert.deepEqual([response.status, await response.text()], [404, body]);
  assert.equal(response.headers.get("content-type"), "application/problem+json");
});

Deno.test("what the agent proxy passes on is signed, with path, query and body as they are", async () => {
  await using relay = await relayWorld(() => new Response("ok"));
  for (const [given] of PATHS) {
    await relay.api.request(AGENT + given, { method: "PUT", body: "\0body" });
    const asked = relay.asked.at(-1) as Asked;
    assert.ok(await isSigned(relay, asked), given);
    assert.ok(!await isSigned(relay, { ...asked, body: "body" }));
  }
});

Deno.test("the agent proxy refuses a body that is too large to be signed", async () => {
  await using relay = await relayWorld(() => new Response("ok"));
  const body = new Uint8Array(BODY_LIMIT_BYTES + 1);
  const answer = await relay.api.request(`${AGENT}/x`, { method: "PUT", body });
  await assertProblem(answer, "body_too_large");
  assert.equal(relay.asked.length, 0);
});

/** Whether an agent with the key, newly started, takes the request. */
async function isSigned({ api }: { api: ApiWorld }, asked: Asked): Promise<boolean> {
  const { url, method, headers, body } = asked;
  const request = new Request(url, { method, headers, ...(body === "" ? {} : { body }) });
  const verifier = new Verifier("vm-token", "agent", api.world.clock);
  return await verifier.verify(request, BODY_LIMIT_BYTES).then(() => true, () => false);
}

const IDS: [given: string | undefined, isKept: boolean][] = [
  ["a-Z_0.9", true],
  ["x".repeat(64), true],
  ["x".repeat(65), false],
  ["a b", false],
  ["a\tb", false],
  ["", false],
  [undefined, false],
];
for (const [given, isKept] of IDS) {
  Deno.test(`a request with the id ${JSON.stringify(given)} has ${isKept ? "it" : "a new one"} in the answer, at the agent and in the log`, async () => {
    await using relay = await relayWorld(() => new Response("ok"));
    const headers: Record<string, string> = given === undefined ? {} : { "x-request-id": given };
    const expected = isKept ? given : "made-here";
    for (const path of ["/x", "/v1/dom/click"]) {
      const init = { method: "POST", headers: { ...headers, "content-type": "application/json" } };
      const body = '{"selector":"a"}';
      const answer = await relay.api.request(AGENT + path, { ...init, body });
      assert.equal(answer.headers.get("x-request-id"), expected);
      assert.equal(relay.asked.at(-1)?.headers.get("x-request-id"), expected);
    }
    const refused = await relay.api.request("/nowhere", { headers });
    assert.equal(refused.headers.get("x-request-id"), expected);
    const line = JSON.parse(relay.api.log.at(-1) ?? "{}");
    assert.deepEqual([line.message, line.request_id], ["audit", expected]);
  });
}

Deno.test("a guest's DevTools addresses lead to that guest alone, and use up few tickets", async () => {
  const paths = [
    "/devtools/page/A-1",
    "/devtools/../../../two/%64evtools/%64evtools/browser/x",
    "/devtools/page/..",
    "/devtools/page/a/b",
    "/devtools/page/a#b",
    ...Array.from({ length: 1_500 }, (_, at) => `/devtools/page/${at}`),
  ];
  const told = paths.map((path) => ({ webSocketDebuggerUrl: `ws://127.0.0.1:9222${path}` }));
  await using relay = await relayWorld(() => Response.json(told));
  const { tickets, keys } = relay.api;
  const { id: keyId } = keys.create({ name: "a", role: "operator" });
  const principal = { name: "a", role: "operator", keyId, via: "key" } as const;
  const { ticket } = tickets.create(principal);
  const answer = await relay.api.request(`/api/v1/vms/one/devtools/json/list?ticket=${ticket}`);
  const targets: { webSocketDebuggerUrl?: string }[] = await answer.json();
  const [first, ...rest] = targets.map(({ webSocketDebuggerUrl }) => webSocketDebuggerUrl);
  assert.match(first ?? "", /\/api\/v1\/vms\/one\/devtools\/devtools\/page\/A-1\?ticket=vpt_/);
  assert.deepEqual(rest.slice(0, 4), [undefined, undefined, undefined, undefined]);
  assert.match(rest.at(-1) ?? "", /\/devtools\/page\/1499$/);
  tickets.create(principal);
});

Deno.test("an agent's answer without an end is not read into memory", async () => {
  let sent = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 1024 * 1024;
      controller.enqueue(new Uint8Array(1024 * 1024).fill(0x20));
    },
  });
  await using relay = await relayWorld(() => new Response(endless));
  const answer = await relay.api.request("/api/v1/vms/one/devtools/json/version");
  await assertProblem(answer, "agent_unreachable");
  assert.ok(sent < ADDRESSES_BYTES_MAX + 8 * 1024 * 1024, `${sent} bytes were taken`);
});
