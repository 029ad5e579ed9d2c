/** The guest-facing listener: a VM may announce itself, from its own address, and nothing else. */
import assert from "node:assert/strict";
import type { Hono } from "hono";
import type { VmEvent } from "../../../../protocol/events.ts";
import { VM_HEADER } from "../../../../protocol/signature.ts";
import { type SignableInit, Signer } from "../../../../protocol/signer.ts";
import { GUEST_BODY_BYTES_MAX, guestApp } from "../../../../server/api/guest.ts";
import { type FleetWorld, fleetWorld } from "../vms/fleet_world.ts";
import { assertProblem } from "./api_world.ts";

const ANNOUNCE = "/guest/v1/announce";

async function guestWorld(): Promise<{ world: FleetWorld; app: Hono } & AsyncDisposable> {
  const world = await fleetWorld();
  await world.create("one");
  const { fleet, logs, host } = world;
  const app = guestApp({ fleet, logs, host, onServerError: () => {}, onAnnounce: () => {} });
  return { world, app, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
}

function announce(
  { world, app }: { world: FleetWorld; app: Hono },
  change: {
    peer?: string;
    token?: string;
    sender?: string;
    body?: Record<string, unknown>;
    whole?: unknown;
    path?: string;
    strip?: string;
  } = {},
): Promise<Response> {
  const row = world.rows.byName("one");
  const { peer = row?.ip_address ?? "", token = row?.token ?? "", body = {} } = change;
  const { sender = row?.id ?? "" } = change;
  const init: SignableInit = {
    method: "POST",
    headers: { "content-type": "application/json", [VM_HEADER]: sender },
    body: JSON.stringify(
      change.whole ?? {
        ...{ vm_id: row?.id, agent_version: "1", browser_version: "1", port: 8080 },
        ...{ browser_restarts: 0, ready_ms: 1 },
        ...body,
      },
    ),
  };
  const send = async (url: string, init: RequestInit) => {
    const request = new Request(url, init);
    if (change.strip !== undefined) request.headers.delete(change.strip);
    return await app.fetch(request, { peer });
  };
  return new Signer(token, "daemon", world.host).send(
    send,
    `http://10.9.0.1:7778${change.path ?? ANNOUNCE}`,
    init,
  );
}

Deno.test("an announce from the VM's address, signed with its key, makes it running there", async () => {
  await using guest = await guestWorld();
  const response = await announce(guest);
  assert.deepEqual([response.status, await response.json()], [200, { status: "ok" }]);
  assert.equal(response.headers.get("connection"), "close");
  assert.equal(guest.world.fleet.get("one").status, "running");
  assert.equal(guest.world.fleet.agent("one").url, "http://10.9.0.2:8080");
});

const UNKNOWN_ID = "00000000-0000-4000-8000-000000000000";

const REFUSED: readonly [string, Parameters<typeof announce>[1]][] = [
  ["another VM's key", { token: "0".repeat(64) }],
  ["no signature", { strip: "x-viper-signature" }],
  ["no time", { strip: "x-viper-time" }],
  ["no nonce", { strip: "x-viper-nonce" }],
  ["no sender", { strip: VM_HEADER }],
  ["another address", { peer: "10.9.0.3" }],
  ["loopback", { peer: "127.0.0.1" }],
  ["an unknown sender", { sender: UNKNOWN_ID }],
  ["the id of another VM", { body: { vm_id: UNKNOWN_ID } }],
];

for (const [what, change] of REFUSED) {
  Deno.test(`an announce with ${what} is unauthorized and changes nothing`, async () => {
    await using guest = await guestWorld();
    await assertProblem(await announce(guest, change), "unauthorized");
    assert.equal(guest.world.fleet.get("one").status, "starting");
  });
}

Deno.test("announces that are refused get one answer, whatever was wrong", async () => {
  await using guest = await guestWorld();
  const vm_id = guest.world.rows.byName("one")?.id ?? "";
  const answers = new Set<string>();
  for (const [, change] of REFUSED) {
    const response = await announce(guest, change);
    const text = (await response.text()).replaceAll(vm_id, "").replaceAll(UNKNOWN_ID, "");
    answers.add(`${response.status} ${text}`);
  }
  assert.equal(answers.size, 1, [...answers].join("\n"));
});

Deno.test("an announce that does not fit its schema is invalid_request", async () => {
  await using guest = await guestWorld();
  for (const body of [{ port: 0 }, { port: 70_000 }, { extra: 1 }, { vm_id: 1 }]) {
    await assertProblem(await announce(guest, { body }), "invalid_request");
  }
});

Deno.test("an announce of more bytes than a guest may send is body_too_large", async () => {
  await using guest = await guestWorld();
  const body = { agent_version: "x".repeat(GUEST_BODY_BYTES_MAX) };
  await assertProblem(await announce(guest, { body }), "body_too_large");
});

Deno.test("an announce that is heard twice is taken once", async () => {
  await using guest = await guestWorld();
  const app = guest.app;
  let heard: Request | null = null;
  guest.app = {
    fetch: (request: Request, env: object) => (heard = request.clone(), app.fetch(request, env)),
  } as Hono;
  assert.equal((await announce(guest)).status, 200);
  await assertProblem(await app.fetch(heard!, { peer: "10.9.0.2" }), "unauthorized");
});

Deno.test("lines from the VM's address, signed with its key, get into its logs", async () => {
  await using guest = await guestWorld();
  const { world } = guest;
  const { id: vm_id = "" } = world.rows.byName("one") ?? {};
  const line = { stream: "agent", line: "Cookie: a=b", timestamp: "2024-01-01T00:00:00.000Z" };
  const send = (whole: unknown, change = {}) =>
    announce(guest, { path: "/guest/v1/logs", whole, ...change });
  assert.equal((await send({ vm_id, lines: [line], dropped: 2 })).status, 200);
  const { lines } = await world.logs.tail(vm_id, 9);
  assert.deepEqual(lines.map(({ line }) => line), ["Cookie: ***", "lines dropped: 2"]);
  const refused = { vm_id, lines: [line], dropped: 0 };
  await assertProblem(await send(refused, { peer: "10.9.0.3" }), "unauthorized");
  await assertProblem(await send(refused, { token: "0".repeat(64) }), "unauthorized");
  await assertProblem(await send({ ...refused, vm_id: UNKNOWN_ID }), "unauthorized");
  for (const bad of [{ stream: "console" }, { line: "x".repeat(4_001) }, { timestamp: "now" }]) {
    const whole = { ...refused, lines: [{ ...line, ...bad }] };
    await assertProblem(await send(whole), "invalid_request");
  }
  const many = { ...refused, lines: Array(201).fill(line) };
  await assertProblem(await send(many), "invalid_request");
  assert.equal((await world.logs.tail(vm_id, 9)).lines.length, 2);
});

Deno.test("a page's crash, said as an announce is, becomes an event without secrets", async () => {
  await using guest = await guestWorld();
  const { world } = guest;
  await announce(guest);
  const { id: vm_id = "" } = world.rows.byName("one") ?? {};
  const told: VmEvent[] = [];
  world.bus.listen((event) => told.push(event));
  const crash = { vm_id, page: "p\x1b[1m1", url: "https://a.test/?key=k", reason: "crashed" };
  const send = (change = {}, how = {}) =>
    announce(guest, { path: "/guest/v1/page-crashed", whole: { ...crash, ...change }, ...how });
  assert.equal((await send()).status, 200);
  assert.deepEqual(told.map(({ type, page, url }) => [type, page, url]), [
    ["VM_PAGE_CRASHED", "p1", "https://a.test/?***"],
  ]);
  await assertProblem(await send({}, { peer: "10.9.0.3" }), "unauthorized");
  await assertProblem(await send({}, { token: "0".repeat(64) }), "unauthorized");
  await assertProblem(await send({ vm_id: UNKNOWN_ID }), "unauthorized");
  for (const bad of [{ url: "x".repeat(2_001) }, { reason: "why" }, { page: "x".repeat(65) }]) {
    await assertProblem(await send(bad), "invalid_request");
  }
  assert.equal(told.length, 1);
});

Deno.test("the guest-facing listener serves nothing but what a guest may say", async () => {
  await using guest = await guestWorld();
  const paths = ["/", "/healthz", "/api/v1/vms", "/api/v1/vms/one", "/api/v1/events/vms"];
  for (const path of [...paths, "/api/v1/vms/one/agent/healthz", "/guest/v1", `${ANNOUNCE}/x`]) {
    for (const method of ["GET", "POST", "DELETE"]) {
      const request = new Request(`http://10.9.0.1:7778${path}`, { method });
      const response = await guest.app.fetch(request, { peer: "10.9.0.2" });
      await assertProblem(response, "route_not_found");
    }
  }
  const get = await guest.app.fetch(new Request(`http://10.9.0.1:7778${ANNOUNCE}`), { peer: "x" });
  await assertProblem(get, "method_not_allowed");
});
