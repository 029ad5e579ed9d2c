/**
 * Goal: work on a page that goes away fails for that reason, however it breaks first.
 * Method: a page that is only what is asked of it, and a clock that stands still.
 */
import assert from "node:assert/strict";
import { Deadline } from "../../../agent/deadline.ts";
import type { OpenPage } from "../../../agent/open_page.ts";
import { whileOpen } from "../../../agent/while_open.ts";
import { ViperError } from "../../../protocol/problems.ts";
import { FakeClock } from "./fake_clock.ts";

const GONE = new ViperError("page_not_found", "Cannot go on: the page was closed");
const broken = () => Promise.reject(new Error("Target closed"));

function page(send: () => Promise<unknown>) {
  const gone = new AbortController();
  return { open: { cdp: { send }, gone: gone.signal } as unknown as OpenPage, gone };
}

Deno.test("whileOpen() gives the work's result and its error while the page stands", async () => {
  using deadline = new Deadline(new FakeClock(), "act", 100);
  const { open } = page(() => Promise.resolve({}));
  assert.equal(await whileOpen(open, deadline, () => Promise.resolve(7)), 7);
  await assert.rejects(whileOpen(open, deadline, broken), { message: "Target closed" });
});

Deno.test("whileOpen() keeps a problem that the work found, without asking", async () => {
  using deadline = new Deadline(new FakeClock(), "act", 100);
  const { open } = page(() => assert.fail("The page was asked"));
  const found = new ViperError("element_not_found", "Cannot act: no element matches");
  await assert.rejects(whileOpen(open, deadline, () => Promise.reject(found)), found);
});

Deno.test("whileOpen() tells of the page's end, which Chrome tells after what it breaks", async () => {
  using deadline = new Deadline(new FakeClock(), "act", 100);
  const { open, gone } = page(broken);
  const failed = assert.rejects(whileOpen(open, deadline, broken), GONE);
  await new Promise((resolve) => setTimeout(resolve)); // All that can happen by now has.
  gone.abort(GONE);
  await failed;
});

Deno.test("whileOpen() ends work under way with the page, and waits no longer than it may", async () => {
  const clock = new FakeClock();
  using deadline = new Deadline(clock, "act", 100);
  const { open } = page(broken);
  const late = assert.rejects(whileOpen(open, deadline, broken), { code: "timeout" });
  await clock.pass(100);
  await late;
  using next = new Deadline(clock, "act", 100);
  const { open: closing, gone } = page(broken);
  const waiting = whileOpen(closing, next, () => next.race("it", new Promise<never>(() => {})));
  const ended = assert.rejects(waiting, GONE);
  gone.abort(GONE);
  await ended;
});
