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

const SIGNALS: readonly VmSignal[] = [
  ...["start", "boot", "announce", "pause", "resume", "exit", "expire", "stop", "remove"] as const,
];
const LIVE = ["pending", "starting", "running", "paused", "stopping"];

/** What is legal, by signal: from these statuses to that one. */
const MODEL: readonly [VmSignal, from: readonly string[], to: VmTarget][] = [
  ["start", ["stopped", "crashed"], "pending"],
  ["boot", ["pending"], "starting"],
  ["announce", ["starting", "running"], "running"],
  ["pause", ["running"], "paused"],
  ["resume", ["paused"], "running"],
  ["exit", ["pending", "starting", "running", "paused"], "crashed"],
  ["exit", ["stopping"], "stopped"],
  ["expire", ["starting"], "crashed"],
  ["stop", ["pending", "starting", "running", "paused"], "stopping"],
  ["stop", ["crashed"], "stopped"],
  ["remove", ["stopped", "crashed"], "gone"],
];

for (const status of vmStatus.options) {
  for (const signal of SIGNALS) {
    const rule = MODEL.find(([of, from]) => of === signal && from.includes(status));
    const expected = rule?.[2] ?? null;
    Deno.test(`transition() of ${status} by ${signal} is ${expected ?? "not legal"}`, () => {
      assert.equal(transition(status, signal), expected);
    });
  }
}

Deno.test("isLive() is true of all that occupy the host", () => {
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
      if (next === "crashed") assert.ok(isLive(at));
      if (next === "stopped") assert.ok(at === "stopping" || at === "crashed");
      if (next === "gone") assert.ok(!isLive(at));
      at = next;
    }
  }));
});

Deno.test("TRANSITIONS lets every VM come to its end", () => {
  for (const status of vmStatus.options) {
    const stopping = isLive(status) && status !== "stopping" ? transition(status, "stop") : status;
    assert.ok(stopping !== null && stopping !== "gone");
    const stopped = stopping === "stopping" ? transition(stopping, "exit") : stopping;
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
  assert.equal([...comment.matchAll(/──▶ (stopping|stopped|gone)$/gm)].length, 3);
});
