/** The guest-facing listener: a VM may announce itself, from its own address, and nothing else. */
import assert from "node:assert/strict";
import type { Hono } from "hono";
import { guestApp } from "../../../../server/api/guest.ts";
import { type FleetWorld, fleetWorld } from "../vms/fleet_world.ts";
import { assertProblem } from "./api_world.ts";

const ANNOUNCE = "/guest/v1/announce";

async function guestWorld(): Promise<{ world: FleetWorld; app: Hono } & AsyncDisposable> {
  const world = await fleetWorld();
  await world.create("one");
  const app = guestApp(world.fleet, () => {});
  return { world, app, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
}

function announce(
  { world, app }: { world: FleetWorld; app: Hono },
  change: { peer?: string; token?: string; body?: Record<string, unknown> } = {},
): Promise<Response> {
  const row = world.rows.byName("one");
  const { peer = row?.ip_address ?? "", token = row?.token ?? "", body = {} } = change;
  const request = new Request(`http://10.9.0.1:7778${ANNOUNCE}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({
      ...{ vm_id: row?.id, agent_version: "1", browser_version: "1", port: 8080 },
      ...{ browser_restarts: 0, ready_ms: 1 },
      ...body,
    }),
  });
  return Promise.resolve(app.fetch(request, { peer }));
}

Deno.test("an announce from the VM's address with its token makes it running there", async () => {
  await using guest = await guestWorld();
  const response = await announce(guest);
  assert.deepEqual([response.status, await response.json()], [200, { status: "ok" }]);
  assert.equal(guest.world.fleet.get("one").status, "running");
  assert.equal(guest.world.fleet.agent("one").url, "http://10.9.0.2:8080");
});

const REFUSED: readonly [string, Parameters<typeof announce>[1]][] = [
  ["a wrong token", { token: "0".repeat(64) }],
  ["an empty token", { token: "" }],
  ["another address", { peer: "10.9.0.3" }],
  ["loopback", { peer: "127.0.0.1" }],
  ["an unknown id", { body: { vm_id: "00000000-0000-4000-8000-000000000000" } }],
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
    const text = (await response.text()).replaceAll(String(change?.body?.["vm_id"] ?? vm_id), "ID");
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

Deno.test("the guest-facing listener serves nothing but the announce", async () => {
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
