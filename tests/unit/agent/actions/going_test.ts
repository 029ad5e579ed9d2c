/** Goal: Chrome's refusals between two documents are waited out. Method: a clock that stands still. */
import assert from "node:assert/strict";
import { onceItStands } from "../../../../agent/actions/going.ts";
import { Deadline } from "../../../../agent/deadline.ts";
import { FakeClock } from "../fake_clock.ts";

const between = () => Promise.reject(new Error("(Page.reload): Not attached to an active page"));

Deno.test("onceItStands() asks again while the page has no document, and no longer", async () => {
  const clock = new FakeClock();
  using deadline = new Deadline(clock, "reload the page", 1_000);
  let asked = 0;
  const answered = onceItStands(deadline, () => ++asked < 3 ? between() : Promise.resolve("done"));
  while (asked < 3) await clock.pass(10);
  assert.equal(await answered, "done");
  assert.equal(asked, 3);
});

Deno.test("onceItStands() ends with its deadline, and at once with any other error", async () => {
  const clock = new FakeClock();
  using deadline = new Deadline(clock, "reload the page", 100);
  const late = assert.rejects(onceItStands(deadline, between), {
    code: "timeout",
    message: /still waiting for the page's document to stand/,
  });
  for (let at = 0; at < 10; at++) await clock.pass(10);
  await late;
  using next = new Deadline(clock, "reload the page", 100);
  const other = () => Promise.reject(new Error("Target closed"));
  await assert.rejects(onceItStands(next, other), { message: "Target closed" });
});
