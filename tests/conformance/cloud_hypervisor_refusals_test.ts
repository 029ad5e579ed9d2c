/** What Viper does when Cloud Hypervisor is too old, cannot confine itself, or refuses. */
import assert from "node:assert/strict";
import type { Host } from "../../host/host.ts";
import { ViperError } from "../../protocol/problems.ts";
import { INSTALL_HINT } from "../../server/runtimes/cloud_hypervisor_version.ts";
import { recordingHost } from "../faults/recording_host.ts";
import { standInMember } from "./cloud_hypervisor_stand_in/member.ts";
import { makeRig, names, processesOf } from "./rig.ts";

const SIGNAL = new AbortController().signal;

Deno.test("create() refuses a version that was too old all along, and says what to install", async () => {
  await using rig = await makeRig(standInMember(["--version-is", "52.0"]));
  const found = await rig.runtime.probe();
  assert.deepEqual([found.available, !found.available && found.hint], [false, INSTALL_HINT]);
  const spec = await rig.spec("dated");
  await assert.rejects(() => rig.create(spec), (error) => {
    assert.ok(error instanceof ViperError);
    assert.equal(error.code, "runtime_unavailable");
    assert.match(error.message, /"52\.0\.0".*53/);
    assert.equal(error.hint, INSTALL_HINT);
    return true;
  });
  assert.deepEqual([processesOf("dated"), names(spec.runDir)], [[], []]);
});

Deno.test("create() goes without Landlock where the kernel has none, and says so once", async () => {
  const member = standInMember(["--no-landlock"]);
  await using rig = await makeRig(member);
  const said: string[] = [];
  const recorder = recordingHost(rig.host);
  const host: Host = { ...recorder, log: (level, text) => void said.push(`${level} ${text}`) };
  const runtime = member.runtime(host);
  for (const id of ["one", "two"]) {
    await using machine = new AsyncDisposableStack();
    const made = await runtime.create(await rig.spec(id), SIGNAL);
    machine.defer(() => made.delete());
    await made.boot();
    assert.deepEqual(await made.info(), { state: "running" });
  }
  const warnings = said.filter((line) => line.startsWith("warn "));
  assert.deepEqual(warnings, ["warn The kernel does not confine hypervisors: it lacks Landlock"]);
  const creates = recorder.calls.filter(({ label }) => label.endsWith(":vm_create"));
  assert.equal(creates.length, 3, "the second machine does not try again");
});

Deno.test("what Cloud Hypervisor refuses is told in its own words", async () => {
  await using rig = await makeRig(standInMember());
  const machine = await rig.create(await rig.spec("quoted"));
  await assert.rejects(() => machine.pause(), {
    code: "vm_busy",
    message: 'Cannot pause VM "quoted": "vm.pause" is answered with 500: Error from API: ' +
      "The VM could not be paused: VM is not running",
  });
  await machine.boot();
  await assert.rejects(() => machine.boot(), {
    code: "vm_start_failed",
    message: /could not boot/,
  });
});

Deno.test("create() refuses a path that is too long for a socket, and starts nothing", async () => {
  await using rig = await makeRig(standInMember());
  const spec = await rig.spec("deep");
  const runDir = `${spec.runDir}/${"x".repeat(100)}`;
  await assert.rejects(() => rig.create({ ...spec, runDir }), (error) => {
    assert.ok(error instanceof ViperError);
    assert.match(`${error.message} ${error.hint}`, /107.*VIPER_RUNTIME_DIR/);
    return true;
  });
  assert.deepEqual(processesOf("deep"), []);
});
