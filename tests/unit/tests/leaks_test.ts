/** The leak check itself: it names what stands that did not, and what is missing. */
import assert from "node:assert/strict";
import { denoHost } from "../../../host/deno_host.ts";
import type { Process } from "../../../host/host.ts";
import { difference, leavingNothing } from "../../leaks.ts";

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

Deno.test("leavingNothing() fails on a file and a process that are left, and names both", async () => {
  const host = denoHost({ log: () => {} });
  const { promise: started, resolve } = Promise.withResolvers<Process>();
  await assert.rejects(
    leavingNothing(async (ground) => {
      Deno.writeTextFileSync(`${ground.newFolder()}.log`, "");
      resolve(await host.spawn("test", ["sleep", "60"], { env: { VIPER_VM_ID: "left" } }));
    }, 0),
    /\+ file: \S+\/1\.log\n(.*\n)*\+ process: \d+ sleep VIPER_VM_ID=left/,
  );
  const sleeper = await started;
  sleeper.kill("SIGKILL");
  await sleeper.exited;
});
