import assert from "node:assert/strict";
import { run } from "../../build/command.ts";
import { IMAGE_BUILD_PACKAGES } from "../../images/packages.ts";
import { ROOT, textOf } from "./project.ts";

/** The tasks that `./dev` lists, which are those it runs. */
async function listedTasks(): Promise<string[]> {
  const usage = await run([`${ROOT}/dev`]);
  return [...usage.matchAll(/^ {2}(\w+) +\S/gm)].map((match) => match[1] ?? "");
}

Deno.test("dev lists the tasks of deno.json", async () => {
  const { tasks } = JSON.parse(await textOf("deno.json"));
  assert.deepEqual((await listedTasks()).sort(), Object.keys(tasks).sort());
});

Deno.test("dev installs the packages that an image build needs", async () => {
  const listed = /^image_packages="(.*)"$/m.exec(await textOf("dev"))?.[1];
  assert.deepEqual(listed?.split(" ").sort(), [...IMAGE_BUILD_PACKAGES].sort());
});

Deno.test("dev installs the Deno that runs this test", async () => {
  const pinned = /^deno_version=(.*)$/m.exec(await textOf("dev"))?.[1];
  assert.equal(pinned, Deno.version.deno);
});

Deno.test("dev refuses a task that it does not list", async () => {
  await assert.rejects(run([`${ROOT}/dev`, "nothing"]), /exit code 2\nThere is no task "nothing"/);
});
