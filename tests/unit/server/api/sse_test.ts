/** The event stream, read as the bytes that a client gets. */
import assert from "node:assert/strict";
import { KEEP_ALIVE_MS } from "../../../../protocol/event_frames.ts";
import { until } from "../../../until.ts";
import { type ApiWorld, apiWorld, assertProblem } from "./api_world.ts";

const PATH = "/api/v1/events/vms";
const DRAFT = { type: "VM_CREATED", name: "one", vm_id: "id", status: "pending" } as const;

/** Reads a stream piece by piece as text. */
async function open(api: ApiWorld, path = PATH, headers: Record<string, string> = {}) {
  const response = await api.request(path, { headers });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.ok(response.body !== null);
  const reader = response.body.getReader();
  const next = async () => new TextDecoder().decode((await reader.read()).value);
  assert.equal(await next(), "retry: 2000\n\n");
  return { next, cancel: () => reader.cancel() };
}

Deno.test("the event stream tells an event in one frame with id, event and data", async () => {
  await using api = await apiWorld();
  const stream = await open(api);
  const event = api.world.bus.publish(DRAFT);
  assert.equal(
    await stream.next(),
    `id: 1\nevent: VM_CREATED\ndata: ${JSON.stringify(event)}\n\n`,
  );
  await stream.cancel();
});

const RESUMES: readonly [string, string, Record<string, string>, string | null][] = [
  ["the header Last-Event-ID", PATH, { "last-event-id": "2" }, "id: 3"],
  ["last_event_id in the query", `${PATH}?last_event_id=2`, {}, "id: 3"],
  ["both, by the header", `${PATH}?last_event_id=0`, { "last-event-id": "2" }, "id: 3"],
  ["0, from the first on", PATH, { "last-event-id": "0" }, "id: 1"],
  ["a number from the future, from the first on", PATH, { "last-event-id": "99" }, "id: 1"],
  ["an empty header, as none", PATH, { "last-event-id": "" }, null],
];

for (const [how, path, headers, first] of RESUMES) {
  Deno.test(`the event stream resumes by ${how}`, async () => {
    await using api = await apiWorld();
    for (let made = 0; made < 3; made++) api.world.bus.publish(DRAFT);
    const stream = await open(api, path, headers);
    if (first === null) api.world.bus.publish(DRAFT);
    assert.equal((await stream.next()).split("\n")[0], first ?? "id: 4");
    await stream.cancel();
  });
}

for (const id of ["x", "-1", "1.5", "1e3", "9".repeat(16), "0x1"]) {
  Deno.test(`the event stream refuses to resume after "${id}" with event_id_invalid`, async () => {
    await using api = await apiWorld();
    await assertProblem(
      await api.request(PATH, { headers: { "last-event-id": id } }),
      "event_id_invalid",
    );
    await assertProblem(await api.request(`${PATH}?last_event_id=${id}`), "event_id_invalid");
    assert.equal(api.world.clock.pending, 0);
  });
}

Deno.test("the event stream tells a gap with the id to resume after", async () => {
  await using api = await apiWorld();
  for (let made = 0; made < 5; made++) api.world.bus.publish(DRAFT);
  api.world.db.run("DELETE FROM events WHERE seq <= 3");
  const stream = await open(api, PATH, { "last-event-id": "1" });
  assert.equal(
    await stream.next(),
    'id: 3\nevent: gap\ndata: {"type":"gap","from":2,"to":3}\n\n',
  );
  assert.match(await stream.next(), /^id: 4\n/);
  await stream.cancel();
});

Deno.test("the event stream sends a comment each 15 s and stops when cancelled", async () => {
  await using api = await apiWorld();
  const stream = await open(api);
  for (let sent = 0; sent < 3; sent++) {
    const next = stream.next();
    await api.world.clock.advance(KEEP_ALIVE_MS);
    assert.equal(await next, ": ping\n\n");
  }
  await stream.cancel();
  assert.equal(api.world.clock.pending, 0);
  await until("no subscriber", () => api.world.bus.idleSubscribers === 0);
});

Deno.test("the event stream queues no comments for a client that does not read", async () => {
  await using api = await apiWorld();
  const stream = await open(api);
  await api.world.clock.advance(KEEP_ALIVE_MS * 100);
  api.world.bus.publish(DRAFT);
  const first = await stream.next();
  const second = first.startsWith(":") ? await stream.next() : first;
  assert.match(second, /^id: 1\n/);
  await stream.cancel();
});

Deno.test("the event stream ends when the daemon closes, and takes its timer along", async () => {
  await using api = await apiWorld();
  const response = await api.request(PATH);
  const text = response.text();
  api.closing.abort();
  assert.equal(await text, "retry: 2000\n\n");
  assert.equal(api.world.clock.pending, 0);
});

Deno.test("the event stream leaves nothing behind after HEAD", async () => {
  await using api = await apiWorld();
  const response = await api.request(PATH, { method: "HEAD" });
  assert.deepEqual([response.status, await response.text()], [200, ""]);
  assert.equal(api.world.clock.pending, 0);
  assert.equal(api.world.bus.idleSubscribers, 0);
});
