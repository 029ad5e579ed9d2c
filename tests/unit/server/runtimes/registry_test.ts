import assert from "node:assert/strict";
import type { RuntimeName } from "../../../../protocol/vms.ts";
import { chooseRuntime, explainRuntimes } from "../../../../server/runtimes/registry.ts";
import type { Availability, Runtime } from "../../../../server/runtimes/runtime.ts";

const AVAILABLE: Availability = { available: true, version: "1", accel: "tcg" };
const IN_HARDWARE: Availability = { ...AVAILABLE, accel: "kvm" };
const UNISOLATED: Availability = { ...AVAILABLE, accel: "none" };
const MISSING: Availability = {
  available: false,
  reason: "it is not installed",
  hint: "Install it",
};

Deno.test("chooseRuntime() prefers hardware, then the list's order, and never local", async () => {
  const table: [Availability, Availability, string][] = [
    [IN_HARDWARE, IN_HARDWARE, "cloud-hypervisor kvm"],
    [IN_HARDWARE, AVAILABLE, "cloud-hypervisor kvm"],
    [AVAILABLE, IN_HARDWARE, "qemu kvm"],
    [MISSING, IN_HARDWARE, "qemu kvm"],
    [MISSING, AVAILABLE, "qemu tcg"],
  ];
  for (const [cloudHypervisor, qemu, expected] of table) {
    const { runtime, availability } = await chooseRuntime([
      fake("local", UNISOLATED),
      fake("cloud-hypervisor", cloudHypervisor),
      fake("qemu", qemu),
    ], "auto");
    assert.equal(`${runtime.name} ${availability.accel}`, expected);
  }
});

Deno.test("explainRuntimes() has a verdict on every runtime and marks the one to be used", async () => {
  const runtimes = [
    fake("cloud-hypervisor", MISSING),
    fake("qemu", AVAILABLE),
    fake("local", UNISOLATED),
  ];
  const explained = async (wanted: RuntimeName | "auto") =>
    (await explainRuntimes(runtimes, wanted)).map(({ runtime, verdict, isChosen }) =>
      `${isChosen ? "* " : ""}${runtime.name}: ${verdict}`
    );
  assert.deepEqual(await explained("auto"), [
    "cloud-hypervisor: it is not installed",
    "* qemu: chosen",
    "local: guests are not isolated, so it has to be asked for by name",
  ]);
  assert.deepEqual(await explained("cloud-hypervisor"), [
    "cloud-hypervisor: it is not installed",
    'qemu: "cloud-hypervisor" is asked for',
    'local: "cloud-hypervisor" is asked for',
  ]);
  runtimes[0] = fake("cloud-hypervisor", IN_HARDWARE);
  assert.equal((await explained("auto"))[1], "qemu: cloud-hypervisor is preferred");
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
