import assert from "node:assert/strict";
import type { RuntimeName } from "../../../../protocol/vms.ts";
import { chooseRuntime } from "../../../../server/runtimes/registry.ts";
import type { Availability, Runtime } from "../../../../server/runtimes/runtime.ts";

const AVAILABLE: Availability = { available: true, version: "1", accel: "tcg" };
const MISSING: Availability = {
  available: false,
  reason: "it is not installed",
  hint: "Install it",
};

Deno.test("chooseRuntime() takes the first available member with a guest image", async () => {
  const { runtime, availability } = await chooseRuntime(
    [fake("local", AVAILABLE), fake("qemu", AVAILABLE)],
    "auto",
  );
  assert.equal(runtime.name, "qemu");
  assert.equal(availability, AVAILABLE);
});

Deno.test("chooseRuntime() takes local only when asked by name", async () => {
  const runtimes = [fake("qemu", MISSING), fake("local", AVAILABLE)];
  assert.equal((await chooseRuntime(runtimes, "local")).runtime.name, "local");
  await assert.rejects(chooseRuntime(runtimes, "auto"), {
    code: "runtime_unavailable",
    message: 'Cannot use runtime "auto": qemu: it is not installed',
    hint: "Install it. Or run without isolation: --runtime local",
  });
});

Deno.test("chooseRuntime() never falls back from the runtime that was asked for", async () => {
  await assert.rejects(chooseRuntime([fake("qemu", MISSING), fake("local", AVAILABLE)], "qemu"), {
    code: "runtime_unavailable",
    hint: "Install it",
  });
});

Deno.test("chooseRuntime() refuses a runtime that the list lacks", async () => {
  await assert.rejects(chooseRuntime([], "qemu"), { code: "runtime_unavailable" });
});

function fake(name: RuntimeName, availability: Availability): Runtime {
  return {
    name,
    traits: { image: name !== "local", network: name !== "local" },
    probe: () => Promise.resolve(availability),
    create: () => Promise.reject(new Error("not called")),
    adopt: () => Promise.resolve(null),
  };
}
