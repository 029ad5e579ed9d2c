import assert from "node:assert/strict";
import type { Host } from "../../../../host/host.ts";
import { localRuntime } from "../../../../server/runtimes/local.ts";

function hostWith(found: string): Host {
  const stat = (_label: string, path: string) =>
    path.startsWith("/closed/")
      ? Promise.reject(new Error("Permission denied"))
      : Promise.resolve(path === found ? {} : null);
  return { env: { PATH: "/closed:/open" }, files: { stat } } as never;
}

Deno.test("localRuntime().probe() passes over folders that may not be looked into", async () => {
  const probe = (found: string) => localRuntime(hostWith(found), { agentCommand: [] }).probe();
  assert.equal((await probe("/open/chromium")).available, true);
  const none = await probe("/open/firefox");
  assert.ok(!none.available && none.hint.includes("apt-get install"), JSON.stringify(none));
});
