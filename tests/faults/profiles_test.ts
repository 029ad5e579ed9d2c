/**
 * A profile is made, saved and attached with every host call failing in turn, once and from then on.
 * Whatever fails, the profile is what it was or what it was to become, and no file is left beside
 * the key. Nothing is ever stored under a key that a power cut could take.
 */
import assert from "node:assert/strict";
import { GuestProfiles } from "../../server/profiles/guest_profiles.ts";
import { KeyFile } from "../../server/profiles/key_file.ts";
import {
  contentsOf,
  EMPTY,
  profileWorld,
  quiet,
  standInAgent,
} from "../unit/server/profiles/profile_world.ts";
import { faultHost, InjectedFault, isUndo } from "./fault_host.ts";
import { watchedHost } from "./recording_host.ts";

/** More labelled calls than one save makes. */
const CALLS_MAX = 50;

/** Files below the folder that are not the database's. */
const filesIn = (folder: string) =>
  [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => !name.startsWith("state.db"));

const SYNCS = [
  "profiles.key:sync_temporary",
  "profiles.key:sync",
  "profiles.key:sync_folder",
];
const isSync = (label: string) => SYNCS.includes(label);

for (const persistent of [false, true]) {
  const how = persistent ? "from then on" : "once";

  Deno.test(`a save that fails at any call, ${how}, leaves the profile whole`, async () => {
    await using world = await profileWorld();
    await using agent = await standInAgent();
    await world.profiles.create({ name: "work", contents: contentsOf("0") });
    const { cookies: [cookie] } = contentsOf("0");
    const failed: string[] = [];
    for (let failAt = 1;; failAt++) {
      assert.ok(failAt < CALLS_MAX, "it ends");
      const before = await world.profiles.read("work");
      const next = { ...cookie!, value: String(failAt) };
      const told = { ...next, domain: "example.com", path: "/", expires: -1 };
      const cookies = [{ ...told, http_only: false, secure: false }];
      agent.extracted = { ...EMPTY, cookies };
      // Opening the pool is the VM's affair and not the save's.
      const exempt = (label: string) => label === "vm.agent:pool" || persistent && isUndo(label);
      const host = faultHost(quiet, { failAt, persistent, exempt });
      using link = agent.linkOver(host);
      const guests = new GuestProfiles({ profiles: world.over(host), host });
      const error = await guests.save("work", link).then(() => null, (error) => error);
      const after = await world.profiles.read("work");
      assert.deepEqual(filesIn(world.folder), ["profiles.key"]);
      if (host.fault.label === null) {
        assert.equal(error, null);
        assert.deepEqual(after.cookies, cookies);
        break;
      }
      failed.push(host.fault.label);
      assert.notEqual(error, null, host.fault.label);
      assert.deepEqual(after, before, host.fault.label);
      assert.notEqual(world.profiles.get("work").save_error, undefined);
    }
    const key = ["profiles.key:find", "profiles.key:stat", "profiles.key:read"];
    assert.deepEqual(failed, ["profiles.guest:fetch", ...key, ...key]);
  });

  Deno.test(`a first profile whose making fails at any call, ${how}, can be made then`, async () => {
    const failed: string[] = [];
    for (let failAt = 1;; failAt++) {
      assert.ok(failAt < CALLS_MAX, "it ends");
      await using world = await profileWorld();
      const host = faultHost(quiet, { failAt, persistent });
      const making = world.over(host).create({ name: "work", contents: contentsOf("x") });
      const error = await making.then(() => null, (error) => error);
      if (host.fault.label === null) break;
      failed.push(host.fault.label);
      // A temporary file that cannot be removed is the one thing that may stay.
      const isUndo = host.fault.label.endsWith("_undo");
      if (!isUndo) assert.ok(filesIn(world.folder).every((name) => name === "profiles.key"));
      if (error === null) continue;
      assert.deepEqual(world.profiles.list(), [], host.fault.label);
      await world.profiles.create({ name: "work", contents: contentsOf("x") });
      assert.deepEqual(await world.profiles.read("work"), contentsOf("x"));
    }
    assert.deepEqual(failed.filter(isSync), SYNCS);
  });
}

Deno.test("a first profile under a key that is not synced is not stored, whoever made the key", async () => {
  await using world = await profileWorld();
  // It is there, as another request may just have put it.
  await new KeyFile(world.keyPath, quiet).readOrMake("test");
  for (const label of SYNCS.slice(1)) {
    const host = watchedHost(quiet, (call) => {
      if (call.label === label) throw new InjectedFault(`${label} failed on purpose`);
    });
    const making = world.over(host).create({ name: "work", contents: contentsOf("x") });
    const message =
      /^Cannot create profile "work" .* it cannot be synced to the disk: .*on purpose/;
    await assert.rejects(making, { code: "profile_key_missing", message });
    assert.deepEqual(world.profiles.list(), []);
  }
});

Deno.test("a first profile is stored once the file with its key and the folder are synced", async () => {
  await using world = await profileWorld();
  const steps: string[] = [];
  const host = watchedHost(quiet, ({ label, detail }) => {
    assert.deepEqual(world.profiles.list(), [], "nothing is sealed with it yet");
    steps.push(isSync(label) ? detail : label);
  });
  await world.over(host).create({ name: "work", contents: contentsOf("x") });
  const [made] = steps.filter((step) => step.startsWith("sync"));
  assert.match(made ?? "", /^sync .*\/profiles\.key\.[-0-9a-f]{36}$/);
  assert.deepEqual(steps, [
    ...["profiles.key:find", "profiles.key:write", made, "profiles.key:link"],
    ...["profiles.key:temporary_undo", "profiles.key:find", "profiles.key:stat"],
    ...["profiles.key:read", "profiles.key:find"],
    ...[`sync ${world.keyPath}`, `sync ${world.folder}`],
  ]);
});
