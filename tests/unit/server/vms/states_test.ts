/** The table of states, against a model that says the same in other words. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { vmStatus } from "../../../../protocol/vms.ts";
import {
  isLive,
  transition,
  TRANSITIONS,
  type VmSignal,
  type VmTarget,
} from "../../../../server/vms/states.ts";

const SIGNALS: readonly VmSignal[] = ["boot", "announce", "exit", "expire", "stop", "remove"];
const LIVE = ["pending", "starting", "running"];

/** What is legal, by signal. */
const MODEL: Readonly<Record<VmSignal, readonly [from: readonly string[], to: VmTarget]>> = {
  boot: [["pending"], "starting"],
  announce: [["starting", "running"], "running"],
  exit: [LIVE, "crashed"],
  expire: [["starting"], "crashed"],
  stop: [LIVE, "stopped"],
  remove: [["stopped", "crashed"], "gone"],
};

for (const status of vmStatus.options) {
  for (const signal of SIGNALS) {
    const [from, to] = MODEL[signal];
    const expected = from.includes(status) ? to : null;
    Deno.test(`transition() of ${status} by ${signal} is ${expected ?? "not legal"}`, () => {
      assert.equal(transition(status, signal), expected);
    });
  }
}

Deno.test("isLive() is true of pending, starting and running alone", () => {
  assert.deepEqual(vmStatus.options.filter(isLive), LIVE);
});

Deno.test("transition() never leaves the table, and only live VMs crash, in any sequence", () => {
  fc.assert(fc.property(fc.array(fc.constantFrom(...SIGNALS), { maxLength: 30 }), (signals) => {
    let at: VmTarget = "pending";
    for (const signal of signals) {
      if (at === "gone") return;
      const next: VmTarget | null = transition(at, signal);
      if (next === null) continue;
      assert.ok(next === "gone" || vmStatus.options.includes(next));
      if (next === "crashed" || next === "stopped") assert.ok(isLive(at));
      if (next === "gone") assert.ok(!isLive(at));
      at = next;
    }
  }));
});

Deno.test("TRANSITIONS lets every VM come to its end", () => {
  for (const status of vmStatus.options) {
    const stopped = isLive(status) ? transition(status, "stop") : status;
    assert.ok(stopped !== null && stopped !== "gone");
    assert.equal(transition(stopped, "remove"), "gone");
  }
});

Deno.test("the doc comment of states.ts draws and lists every signal and status", async () => {
  const text = await Deno.readTextFile(
    new URL("../../../../server/vms/states.ts", import.meta.url),
  );
  const comment = text.slice(0, text.indexOf("*/"));
  for (const [status, row] of Object.entries(TRANSITIONS)) {
    assert.ok(comment.includes(status), status);
    for (const signal of Object.keys(row)) assert.ok(comment.includes(signal), signal);
  }
  for (const [, signal = "", from = "", to] of comment.matchAll(/(\w+): +([\w, ]+) +──▶ (\w+)/g)) {
    const listed = from.trim().split(", ").sort();
    const table = Object.entries(TRANSITIONS)
      .filter(([, row]) => row[signal as VmSignal] === to).map(([status]) => status).sort();
    assert.deepEqual(listed, table, signal);
  }
  assert.equal([...comment.matchAll(/──▶ (stopped|gone)/g)].length, 2);
});
