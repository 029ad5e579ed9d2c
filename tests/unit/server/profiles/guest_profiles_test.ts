/** Profiles on their way into a browser and out of it, over signed HTTP to an agent that is none. */
import assert from "node:assert/strict";
import { GuestProfiles } from "../../../../server/profiles/guest_profiles.ts";
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
    agent.extracted = { ...EMPTY, cookies: [COOKIE], origins };
    await guests.save("work", link);
    const saved = await world.profiles.read("work");
    assert.deepEqual(saved, { cookies: [COOKIE], origins, left_out: [] });
  }));

Deno.test("GuestProfiles.save() keeps what it has of origins that could not be read", () =>
  withAgent(async ({ world, agent, guests, link }) => {
    const left_out = [
      { origin: "https://example.com", what: "everything", reason: "no answer" },
      { origin: "https://new.test", what: "everything", reason: "no answer" },
    ];
    agent.extracted = { ...EMPTY, left_out };
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
