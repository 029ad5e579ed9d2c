/** Tickets: one request each, for a short while, no longer than the key that made them. */
import assert from "node:assert/strict";
import type { Principal } from "../../../../server/keys/principal.ts";
import { Tickets } from "../../../../server/keys/tickets.ts";
import { keyWorld } from "./key_world.ts";

const NOBODY: Principal = { role: "admin", name: "(socket)", keyId: null, via: "socket" };

Deno.test("Tickets.take() gives the maker's role, once", () => {
  using world = keyWorld();
  const tickets = new Tickets(world.keys, world.host);
  const { key } = world.keys.create({ name: "a", role: "viewer" });
  const principal = world.keys.verify(key) as Principal;
  const { ticket, expires_at } = tickets.create(principal);
  assert.equal(expires_at, "2024-01-01T00:00:30.000Z");
  assert.deepEqual(tickets.take(ticket), { ...principal, via: "ticket" });
  assert.equal(tickets.take(ticket), null);
  assert.equal(tickets.take("vpt_other"), null);
});

Deno.test("Tickets.take() refuses a ticket after 30 s", async () => {
  using world = keyWorld();
  const tickets = new Tickets(world.keys, world.host);
  const [early, late] = [tickets.create(NOBODY), tickets.create(NOBODY)];
  await world.clock.advance(29_999);
  assert.ok(tickets.take(early.ticket));
  await world.clock.advance(1);
  assert.equal(tickets.take(late.ticket), null);
});

Deno.test("Tickets.take() refuses a ticket whose key was deleted", () => {
  using world = keyWorld();
  const tickets = new Tickets(world.keys, world.host);
  const { key, id } = world.keys.create({ name: "a", role: "viewer" });
  const { ticket } = tickets.create(world.keys.verify(key) as Principal);
  world.keys.delete(id);
  assert.equal(tickets.take(ticket), null);
});

Deno.test("Tickets.create() refuses more than 1024 at once and says when to come back", async () => {
  using world = keyWorld();
  const tickets = new Tickets(world.keys, world.host);
  for (let at = 0; at < 1_024; at++) tickets.create(NOBODY);
  assert.throws(() => tickets.create(NOBODY), {
    code: "ticket_limit_reached",
    retryAfterSeconds: 30,
  });
  await world.clock.advance(30_000);
  assert.ok(tickets.create(NOBODY));
});
