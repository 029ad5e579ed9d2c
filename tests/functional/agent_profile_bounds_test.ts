/**
 * Goal: what a page stores, however odd, keeps no profile from being attached again.
 * Method: a real agent and Chrome; a page that stores what is within Chrome's bounds and beyond
 * those of a profile. What is extracted is attached.
 */
import assert from "node:assert/strict";
import { serveSite, startAgent } from "./agent_fixture.ts";

const NAME = "n".repeat(5_000);

const STORE = `new Promise((resolve, reject) => {
  for (let at = 0; at < 10_001; at++) localStorage.setItem("item" + at, "");
  sessionStorage.setItem("tab", "kept");
  const make = (name, stores) => new Promise((made) => {
    const opening = indexedDB.open(name);
    opening.onerror = () => reject(opening.error);
    opening.onupgradeneeded = () => stores.forEach((one) => opening.result.createObjectStore(one));
    opening.onsuccess = () => { opening.result.close(); made(); };
  });
  const many = Array.from({ length: 101 }, (_, at) => "store" + at);
  Promise.all([make("${NAME}", ["a"]), make("many", many), make("good", ["a"])])
    .then(() => resolve("stored"));
})`;

Deno.test("a page cannot store what keeps its profile from being attached", async () => {
  await using agent = await startAgent();
  await using site = await serveSite({ "/": "<title>Hoarder</title>" });
  const { client } = agent;
  await client.navigate({ url: `${site.url}/` });
  assert.equal((await client.evaluate({ expression: STORE })).result, "stored");
  const { cookies, origins, left_out } = await client.extractProfile({});
  assert.deepEqual(
    left_out.map(({ what, reason }) => [what.slice(0, 20), reason]).sort(),
    [
      ["indexed_db many", "Too big: expected array to have <=100 items"],
      ["indexed_db nnnnnnnnn", "Too big: expected string to have <=4096 characters"],
      ["local_storage", "there are too many items"],
    ],
  );
  const [own] = origins;
  assert.deepEqual(own?.indexed_db.map(({ name }) => name), ["good"]);
  assert.deepEqual([own?.local_storage, own?.session_storage], [{}, { tab: "kept" }]);
  assert.deepEqual(await client.attachProfile({ cookies, origins }), { status: "ok" });
});
