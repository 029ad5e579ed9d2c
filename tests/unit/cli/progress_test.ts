import assert from "node:assert/strict";
import { phasesTable } from "../../../cli/demo/table.ts";
import { Progress, seconds } from "../../../cli/progress.ts";
import { FakeClock } from "../../fake_clock.ts";
import { ScriptTerminal } from "./script_terminal.ts";

Deno.test("Progress writes a line at a step's start and end where there is no terminal", async () => {
  const [clock, terminal] = [new FakeClock(), new ScriptTerminal()];
  const progress = new Progress(terminal, clock);
  progress.update("copy", 0.5);
  await clock.advance(1_500);
  progress.update("copy", 1);
  assert.deepEqual(progress.done("copy"), { name: "copy", ms: 1_500 });
  progress.close();
  assert.equal(terminal.errors, `  copy …\n✓ ${"copy".padEnd(28)}    1.5 s\n`);
  assert.equal(terminal.written, "");
  assert.equal(clock.pending, 0);
});

Deno.test("Progress writes over its line on a terminal, with bar and detail", async () => {
  const [clock, terminal] = [new FakeClock(), new ScriptTerminal(true)];
  const progress = new Progress(terminal, clock);
  progress.update("copy", 0.5, "half");
  await clock.advance(100);
  assert.equal(
    terminal.errors,
    `\r\x1b[2K· ${"copy".padEnd(28)}    0.1 s [${"#".repeat(12)}${".".repeat(12)}] half`,
  );
  terminal.errors = "";
  progress.update("copy", 7);
  await clock.advance(100);
  assert.match(terminal.errors, /\[#{24}\]$/);
  progress.done("copy");
  terminal.errors = "";
  await clock.advance(1_000);
  assert.equal(terminal.errors, "", "a step that ended is still drawn");
  progress.close();
});

Deno.test("Progress.run() times its body; close() marks the step that failed", async () => {
  const [clock, terminal] = [new FakeClock(), new ScriptTerminal()];
  const progress = new Progress(terminal, clock);
  const ran = await progress.run("wait", async (note) => {
    note("soon");
    await clock.advance(250);
    return 7;
  });
  assert.deepEqual(ran, { result: 7, step: { name: "wait", ms: 250 } });
  await assert.rejects(progress.run("fail", () => Promise.reject(new Error("no"))), /no/);
  progress.close();
  assert.match(terminal.errors, /✗ fail\n$/);
  assert.equal(clock.pending, 0);
});

Deno.test("seconds() aligns to the right with one decimal", () => {
  assert.deepEqual([0, 1_250, 123_456].map(seconds), ["   0.0 s", "   1.3 s", " 123.5 s"]);
});

Deno.test("phasesTable() lines times up and adds them", () => {
  const text = phasesTable([{ name: "boot", ms: 1_000 }, { name: "a longer name", ms: 2_500 }]);
  const lines = text.trim().split("\n");
  assert.match(lines[0] ?? "", /^phase +time$/);
  assert.match(lines.at(-1) ?? "", /^total +3\.5 s$/);
  const columns = lines.filter((line) => line.endsWith(" s")).map(({ length }) => length);
  assert.equal(new Set(columns).size, 1, text);
});
