/** Goal: one action at a time, in order, in a bounded queue. Method: a clock that stands still. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Deadline } from "../../../agent/deadline.ts";
import { QUEUE_LENGTH_MAX, Turns } from "../../../agent/turns.ts";
import { FakeClock } from "./fake_clock.ts";

Deno.test("Turns.take() lets one in at a time, in order, whoever gives up", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 12 }), async (givingUp) => {
      const clock = new FakeClock();
      const turns = new Turns();
      const entered: number[] = [];
      let inside = 0;
      const holder = await turns.take(new Deadline(clock, "hold", 1_000));
      const all = givingUp.map(async (gives, index) => {
        using deadline = new Deadline(clock, "act", gives ? 10 : 1_000);
        using _turn = await turns.take(deadline);
        assert.equal(++inside, 1);
        await Promise.resolve();
        entered.push(index);
        inside--;
      });
      const settled = Promise.allSettled(all);
      await clock.pass(10);
      holder[Symbol.dispose]();
      await settled;
      const patient = givingUp.flatMap((gives, index) => gives ? [] : [index]);
      assert.deepEqual(entered, patient);
      await clock.pass(1_000);
    }),
    { numRuns: 50 },
  );
});

Deno.test("Turns.take() refuses who would be one too many, and only those", async () => {
  const clock = new FakeClock();
  const turns = new Turns();
  const deadline = () => new Deadline(clock, "act", 1_000);
  const holder = await turns.take(deadline());
  const waiting = Array.from({ length: QUEUE_LENGTH_MAX }, () => turns.take(deadline()));

  await assert.rejects(turns.take(deadline()), { code: "browser_unavailable" });
  holder[Symbol.dispose]();
  for (const turn of waiting) (await turn)[Symbol.dispose]();
  (await turns.take(deadline()))[Symbol.dispose]();

  await clock.pass(1_000);
});
