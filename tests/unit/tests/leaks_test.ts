/** The leak check itself: it names what stands that did not, and what is missing. */
import assert from "node:assert/strict";
import { denoHost } from "../../../host/deno_host.ts";
import type { Process } from "../../../host/host.ts";
import { difference, leavingNothingBelow } from "../../leaks.ts";

const rows: [string, string[], string[], string[]][] = [
  ["nothing", ["a", "b"], ["b", "a"], []],
  ["what is new", ["a"], ["a", "b"], ["+ b"]],
  ["what is gone", ["a", "b"], ["a"], ["- b"]],
  ["one more of the same", ["a"], ["a", "a"], ["+ a"]],
];

for (const [title, before, after, expected] of rows) {
  Deno.test(`difference() tells of ${title}`, () => {
    assert.deepEqual(difference(before, after), expected);
  });
}

// The check alone, since TMPDIR is the process's, and unit tests of other files run in it as well.
Deno.test("leavingNothingBelow() fails on a file and a process that are left, and names both", async () => {
  const host = denoHost({ log: () => {} });
  const folder = await Deno.makeTempDir({ prefix: "vpr-" });
  const { promise: started, resolve } = Promise.withResolvers<Process>();
  const check = leavingNothingBelow(folder, async (ground) => {
    Deno.writeTextFileSync(`${ground.newFolder()}.log`, "");
    resolve(await host.spawn("test", ["sleep", "60"], { env: { VIPER_VM_ID: "left" } }));
  }, 0);
  await assert.rejects(check, ({ message }: Error) => {
    assert.match(message, /^\+ file: \S+\/1\.log$/m);
    assert.match(message, /^\+ process: \d+ sleep VIPER_VM_ID=left$/m);
    return true;
  });
  const sleeper = await started;
  sleeper.kill("SIGKILL");
  await sleeper.exited;
  await Deno.remove(folder, { recursive: true });
});
