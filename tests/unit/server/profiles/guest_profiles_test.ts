/** Profiles on their way into a browser and out of it, over signed HTTP to an agent that is none. */
import assert from "node:assert/strict";
import { ANSWER_BYTES_MAX, GuestProfiles } from "../../../../server/profiles/guest_profiles.ts";
import type { AgentLink } from "../../../../server/vms/incarnation.ts";
import { contentsOf, EMPTY, profileWorld, quiet, standInAgent } from "./profile_world.ts";

const COOKIE = {
  ...{ name: "session", value: "new", domain: "example.com", path: "/", expires: -1 },
  ...{ http_only: true, secure: true },
};

async function withAgent(
  body: (
    parts: {
      world: Awaited<ReturnType<typeof profileWorld>>;
      agent: Awaited<ReturnType<typeof standInAgent>>;
      guests: GuestProfiles;
      link: ReturnType<Awaited<ReturnType<typeof standInAgent>>["linkOver"]>;
    },
  ) => Promise<void>,
): Promise<void> {
  await using world = await profileWorld();
  await using agent = await standInAgent();
  using link = agent.linkOver(quiet);
  await world.profiles.create({ name: "work", contents: contentsOf("old") });
  const guests = new GuestProfiles({ profiles: world.profiles, host: quiet });
  await body({ world, agent, guests, link });
}

Deno.test("GuestProfiles.attach() gives the browser what the profile holds", () =>
  withAgent(async ({ agent, guests, link }) => {
    await guests.attach("work", link);
    const { cookies, origins } = contentsOf("old");
    assert.deepEqual(agent.attached, [{ cookies, origins, timeout_ms: 60_000 }]);
  }));

Deno.test("GuestProfiles.save() makes what the browser holds the profile", () =>
  withAgent(async ({ world, agent, guests, link }) => {
    const origins = [{
      ...{ origin: "https://a.test", local_storage: { k: "v" } },
      ...{ session_storage: {}, indexed_db: [] },
    }];
    const read = ["https://example.com", "https://a.test"];
    agent.extracted = { ...EMPTY, cookies: [COOKIE], origins, read };
    await guests.save("work", link);
    const saved = await world.profiles.read("work");
    assert.deepEqual(saved, { cookies: [COOKIE], origins, left_out: [] });
  }));

Deno.test("GuestProfiles.save() keeps what it has of origins that nobody went to", () =>
  withAgent(async ({ world, agent, guests, link }) => {
    const [old] = contentsOf("old").origins;
    const fresh = { ...old!, origin: "https://a.test" };
    agent.extracted = { ...EMPTY, origins: [fresh], read: ["https://a.test"] };
    await guests.save("work", link);
    assert.deepEqual((await world.profiles.read("work")).origins, [old, fresh]);
    agent.extracted = { ...EMPTY, read: ["https://a.test"] };
    await guests.save("work", link);
    assert.deepEqual((await world.profiles.read("work")).origins, [old], "and nothing else");
  }));

Deno.test("GuestProfiles.save() keeps what it has of origins that could not be read", () =>
  withAgent(async ({ world, agent, guests, link }) => {
    const left_out = [
      { origin: "https://example.com", what: "everything", reason: "no answer" },
      { origin: "https://new.test", what: "everything", reason: "no answer" },
    ];
    agent.extracted = { ...EMPTY, left_out, read: [] };
    await guests.save("work", link);
    const saved = await world.profiles.read("work");
    assert.deepEqual(saved, { cookies: [], origins: contentsOf("old").origins, left_out });
  }));

Deno.test("GuestProfiles.save() takes nothing from a browser that has not had the profile", () =>
  withAgent(async ({ world, agent, guests, link }) => {
    agent.extracted = { ...EMPTY, attached: false };
    await assert.rejects(guests.save("work", link), { code: "browser_unavailable" });
    assert.deepEqual(await world.profiles.read("work"), contentsOf("old"));
    const { save_error } = world.profiles.get("work");
    assert.equal(save_error, 'Cannot save profile "work": the browser has begun anew without it');
  }));

Deno.test("GuestProfiles ends with the VM's life", () =>
  withAgent(async ({ world, agent, guests, link }) => {
    agent.gone.abort(new Error("the VM has ended"));
    await assert.rejects(guests.attach("work", link), /the VM has ended/);
    await assert.rejects(guests.save("work", link), /the VM has ended/);
    assert.deepEqual(await world.profiles.read("work"), contentsOf("old"));
  }));

Deno.test("GuestProfiles.save() keeps nothing that could not be attached again", () =>
  withAgent(async ({ world, agent, guests, link }) => {
    const local_storage = Object.fromEntries(Array.from({ length: 10_001 }, (_, at) => [at, ""]));
    const origins = [{
      ...{ origin: "https://a.test", local_storage },
      ...{ session_storage: {}, indexed_db: [] },
    }];
    agent.extracted = { ...EMPTY, origins };
    await assert.rejects(guests.save("work", link), /none: there are too many items$/);
    assert.deepEqual(await world.profiles.read("work"), contentsOf("old"));
  }));

Deno.test("GuestProfiles.save() stops at the first of a million wrong records", () =>
  withAgent(async ({ world, agent, guests, link }) => {
    const store = { name: "s", key_path: null, auto_increment: false, indexes: [] };
    const records = Array(100_000).fill(0);
    const stores = Array(10).fill({ ...store, records });
    const indexed_db = [{ name: "d", version: 1, stores }];
    const stored = { local_storage: {}, session_storage: {}, indexed_db };
    agent.extracted = { ...EMPTY, origins: [{ origin: "https://a.test", ...stored }] };
    const first = /none: Invalid input: expected object, received number$/;
    await assert.rejects(guests.save("work", link), first);
    assert.deepEqual(await world.profiles.read("work"), contentsOf("old"));
  }));

Deno.test("GuestProfiles.save() reads no answer without an end", () =>
  withAgent(async ({ world, guests, link }) => {
    let sent = 0;
    const isCancelled = Promise.withResolvers<void>();
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1024 * 1024;
        controller.enqueue(new Uint8Array(1024 * 1024).fill(0x20));
      },
      cancel: () => isCancelled.resolve(),
    });
    const pool: AgentLink["pool"] = {
      fetch: () => Promise.resolve(new Response(endless)),
      [Symbol.dispose]: () => {},
    };
    await assert.rejects(guests.save("work", { ...link, pool }), { code: "agent_unreachable" });
    await isCancelled.promise;
    assert.ok(sent < ANSWER_BYTES_MAX + 8 * 1024 * 1024, `${sent} bytes were taken`);
    assert.deepEqual(await world.profiles.read("work"), contentsOf("old"));
  }));
