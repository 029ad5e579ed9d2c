/**
 * DevTools by a guest's way, which on loopback nobody takes: all bytes through the agent's door.
 * Goal: it does what the daemon does where that is next to Chrome. Method: a real agent and its
 * Chrome, asked as a daemon asks that is elsewhere.
 */
import assert from "node:assert/strict";
import { residentMb } from "../process_memory.ts";
import { startAgent, type TestAgent } from "./agent_fixture.ts";
import { BareClient } from "./bare_client.ts";
import { signedHeaders } from "./signed_headers.ts";

const PREFIX = "/v1/devtools";
const BROWSER = "/devtools/browser";
const LARGEST_OUT_BYTES = 250_000_000;
/** What the agent may grow by, whatever passes through it. */
const GROWTH_MB_MAX = 64;
const CLIENTS = 12;
const CALLS = 30;
const VERSION = { id: 1, method: "Browser.getVersion" };

Deno.test("the door to DevTools in a guest", async (test) => {
  await using agent = await startAgent();
  const { port } = await (await agent.signedFetch(`${agent.baseUrl}${PREFIX}/door`, {
    method: "POST",
  })).json();
  const open = (path: string) => openThrough(agent, port, path);

  await test.step("answers Browser.close and keeps the browser", async () => {
    using one = await open(BROWSER);
    using other = await open(BROWSER);
    await one.send({ id: 5, method: "Browser.close" });
    assert.deepEqual(JSON.parse((await one.next())?.text ?? ""), { id: 5, result: {} });
    await other.send(VERSION);
    assert.match((await other.next())?.text ?? "", /"product":"HeadlessChrome/);
  });
  await test.step("serves many clients at once", async () => {
    await Promise.all(Array.from({ length: CLIENTS }, async (_, at) => {
      using client = await open(BROWSER);
      for (let id = 1; id <= CALLS; id++) await client.send({ ...VERSION, id });
      for (let id = 1; id <= CALLS; id++) {
        assert.ok((await client.next())?.text.startsWith(`{"id":${id},`), `client ${at}`);
      }
    }));
  });
  await test.step("passes the largest message", () => passesLargest(agent, open));
  await test.step("does not read on for a client that does not", () => holdsBack(agent, open));
  await test.step("ends with Chrome", async () => {
    using client = await open(BROWSER);
    await client.send({ id: 1, method: "Browser.crash" });
    assert.equal(await client.next(), null);
  });
});

type Open = (path: string) => Promise<BareClient>;

async function passesLargest(agent: TestAgent, open: Open): Promise<void> {
  using client = await open(await firstPage(agent));
  const before = residentMb(agent.child.pid);
  const params = { expression: `"x".repeat(${LARGEST_OUT_BYTES})`, returnByValue: true };
  await client.send({ id: 1, method: "Runtime.evaluate", params });
  assert.ok(((await client.next())?.length ?? 0) > LARGEST_OUT_BYTES);
  assertBounded(agent, before);
}

async function holdsBack(agent: TestAgent, open: Open): Promise<void> {
  const page = await firstPage(agent);
  using client = await open(page);
  using other = await open(page);
  const before = residentMb(agent.child.pid);
  const params = { expression: `"x".repeat(${LARGEST_OUT_BYTES / 2})`, returnByValue: true };
  await client.send({ id: 1, method: "Runtime.evaluate", params });
  await client.read(/xxxx/);
  // Its renderer answers another only when it has sent all of that.
  await other.send({ id: 2, method: "Runtime.evaluate", params: { expression: "7" } });
  assert.match((await other.next())?.text ?? "", /"value":7/);
  assertBounded(agent, before);
}

function assertBounded(agent: TestAgent, beforeMb: number): void {
  const growth = residentMb(agent.child.pid) - beforeMb;
  assert.ok(growth < GROWTH_MB_MAX, `the agent grew by ${growth} MB`);
}

async function firstPage(agent: TestAgent): Promise<string> {
  const [target] = await (await agent.signedFetch(`${agent.baseUrl}${PREFIX}/json/list`)).json();
  return `/devtools/page/${target.id}`;
}

/** Asks as a daemon does that is not on the agent's loopback. */
async function openThrough(agent: TestAgent, port: number, path: string): Promise<BareClient> {
  const headers = await signedHeaders(agent.token, PREFIX + path);
  const client = new BareClient(await Deno.connect({ hostname: "127.0.0.1", port }), headers);
  assert.match(await client.upgrade(PREFIX + path), /^HTTP\/1\.1 101 /);
  return client;
}
