/** A VM's logs over HTTP: the last lines, and those that follow. */
import assert from "node:assert/strict";
import { eventGap } from "../../../../protocol/events.ts";
import { readLogStream } from "../../../../protocol/event_stream.ts";
import { LOG_EVENTS_KEPT_MAX } from "../../../../server/store/event_rows.ts";
import { type ApiWorld, apiWorld, assertProblem } from "./api_world.ts";

const LOGS = "/api/v1/vms/one/logs";

async function logsWorld(): Promise<ApiWorld> {
  const api = await apiWorld();
  await api.world.create("one");
  return api;
}

function take({ world }: ApiWorld, stream: "agent" | "browser", ...lines: string[]): void {
  const vm = world.rows.byName("one");
  assert.ok(vm);
  world.logs.take(vm, lines.map((line) => ({ stream, line })));
}

async function textsOf(response: Response): Promise<string[]> {
  const { lines } = await response.json();
  return lines.map(({ line }: { line: string }) => line);
}

Deno.test("GET logs answers with the last lines, of one stream where it is named", async () => {
  await using api = await logsWorld();
  assert.deepEqual(await textsOf(await api.request(LOGS)), []);
  take(api, "agent", "1", "2");
  take(api, "browser", "3");
  assert.deepEqual(await textsOf(await api.request(LOGS)), ["1", "2", "3"]);
  assert.deepEqual(await textsOf(await api.request(`${LOGS}?stream=agent&tail=1`)), ["2"]);
  assert.deepEqual(await textsOf(await api.request(`${LOGS}?tail=0`)), []);
});

const REFUSED: readonly [path: string, code: "vm_not_found" | "invalid_request"][] = [
  ["/api/v1/vms/two/logs", "vm_not_found"],
  ["/api/v1/vms/two/logs?follow=true", "vm_not_found"],
  [`${LOGS}?stream=kernel`, "invalid_request"],
  [`${LOGS}?tail=-1`, "invalid_request"],
  [`${LOGS}?tail=5001`, "invalid_request"],
  [`${LOGS}?follow=yes`, "invalid_request"],
];
for (const [path, code] of REFUSED) {
  Deno.test(`GET ${path} answers ${code}`, async () => {
    await using api = await logsWorld();
    await assertProblem(await api.request(path), code);
  });
}

for (
  const [how, path, accept] of [
    ["follow=true", `${LOGS}?follow=true&tail=1&stream=agent`, "*/*"],
    ["Accept: text/event-stream", `${LOGS}?tail=1&stream=agent`, "text/event-stream"],
  ] as const
) {
  Deno.test(`GET logs with ${how} begins with the tail and goes on`, async () => {
    await using api = await logsWorld();
    take(api, "agent", "1", "2");
    const response = await api.request(path, { headers: { accept } });
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    const told = readLogStream(response.body as ReadableStream<Uint8Array>);
    assert.partialDeepStrictEqual((await told.next()).value, { stream: "agent", line: "2" });
    take(api, "browser", "of another stream");
    take(api, "agent", "3");
    assert.partialDeepStrictEqual((await told.next()).value, { stream: "agent", line: "3" });
    await told.return(undefined);
  });
}

Deno.test("a followed log resumes after an id, and tells one who is too slow what is gone", async () => {
  await using api = await logsWorld();
  take(api, "agent", ..."abcdef");
  const log = { vm_id: "other", name: "other", status: "running" as const };
  const timestamp = api.world.clock.now().toISOString();
  api.world.bus.publishLogs(Array(LOG_EVENTS_KEPT_MAX + 100).fill({ ...log, timestamp }));
  take(api, "agent", "news");
  const headers = { "last-event-id": "2" };
  const response = await api.request(`${LOGS}?follow=true`, { headers });
  const told = readLogStream(response.body as ReadableStream<Uint8Array>);
  const gap = eventGap.parse((await told.next()).value);
  assert.equal(gap.from, 3);
  assert.partialDeepStrictEqual((await told.next()).value, { line: "news" });
  await told.return(undefined);
});

Deno.test("a followed log ends with the daemon", async () => {
  await using api = await logsWorld();
  const response = await api.request(`${LOGS}?follow=true`);
  api.closing.abort();
  assert.equal(await response.text(), "retry: 2000\n\n");
});
