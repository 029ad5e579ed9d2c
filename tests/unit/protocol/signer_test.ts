/** Clocks that disagree, jump and stand still: a request gets through, at the second try at most. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { TwoSides } from "./signing.ts";

const DAY_MS = 24 * 60 * 60_000;

Deno.test("Signer heals after its clock was set back by a day, with one request sent twice", async () => {
  const sides = new TwoSides();
  assert.deepEqual((await sides.exchange()).statuses, [200]);
  sides.signing.aheadMs = -DAY_MS;
  const { statuses, requests } = await sides.exchange("http://vm/a", { method: "PUT", body: "b" });
  assert.deepEqual(statuses, [401, 200]);
  assert.deepEqual(await Promise.all(requests.map((request) => request.text())), ["b", "b"]);
  await sides.advance(90_000);
  for (let n = 0; n < 5; n++) assert.deepEqual((await sides.exchange()).statuses, [200]);
});

Deno.test("Signer goes by its own clock again once that has caught up", async () => {
  const sides = new TwoSides();
  sides.signing.aheadMs = -DAY_MS;
  await sides.exchange();
  sides.signing.aheadMs = DAY_MS;
  const { statuses, requests } = await sides.exchange();
  assert.deepEqual(statuses, [200]);
  assert.equal(requests[0]?.headers.get("x-viper-time"), String(sides.signing.now().getTime()));
});

Deno.test("Signer gets through whatever the clocks do, and is refused once at most", async () => {
  const jump = fc.integer({ min: -400 * DAY_MS, max: 400 * DAY_MS });
  const step = fc.oneof(
    fc.record({ kind: fc.constantFrom("signing", "verifying", "both"), ms: fc.nat(2 * DAY_MS) }),
    fc.record({ kind: fc.constantFrom("set signing", "set verifying"), ms: jump }),
    fc.record({ kind: fc.constantFrom("restart"), ms: fc.constant(0) }),
  );
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
    const sides = new TwoSides();
    for (const { kind, ms } of steps) {
      if (kind === "signing" || kind === "both") await sides.signing.advance(ms);
      if (kind === "verifying" || kind === "both") await sides.verifying.advance(ms);
      if (kind === "set signing") sides.signing.aheadMs = ms;
      if (kind === "set verifying") sides.verifying.aheadMs = ms;
      if (kind === "restart") sides.verifier = sides.fresh();
      const { statuses } = await sides.exchange();
      assert.equal(statuses.at(-1), 200, statuses.join());
      assert.ok(statuses.length <= 2);
    }
  }));
});

Deno.test("Signer gives up after the second refusal, and follows no odd time", async () => {
  const times = ["", "x", "-5", "1e9", "9".repeat(40), "1700000000000"];
  for (const time of times) {
    let asked = 0;
    const answer = await new TwoSides().signer.send(
      () => {
        asked++;
        const headers = { "x-viper-expected-time": time };
        return Promise.resolve(new Response(null, { status: 401, headers }));
      },
      "http://vm/a",
      {},
    );
    assert.deepEqual([answer.status, asked], [401, /^\d{1,15}$/.test(time) ? 2 : 1], time);
  }
});

Deno.test("Signer sends no two requests with the same nonce", async () => {
  const sides = new TwoSides();
  const nonces = new Set<string | null>();
  for (let n = 0; n < 100; n++) {
    const { requests } = await sides.exchange();
    nonces.add(requests[0]?.headers.get("x-viper-nonce") ?? null);
  }
  assert.equal(nonces.size, 100);
});
