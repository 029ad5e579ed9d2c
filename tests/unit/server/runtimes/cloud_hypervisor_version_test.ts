/** Where Cloud Hypervisor is used: in hardware, and not when it is too old. */
import assert from "node:assert/strict";
import { CommandError, type Host } from "../../../../host/host.ts";
import {
  INSTALL_HINT,
  isSupported,
  probeCloudHypervisor,
} from "../../../../server/runtimes/cloud_hypervisor_version.ts";

/** What `--version` prints, and whether that version is used. */
const VERSIONS: readonly [string, boolean][] = [
  ["cloud-hypervisor v53.0\nMigration Protocol Versions: 0\n", true],
  ["cloud-hypervisor v53.0-dirty\n", true],
  ["cloud-hypervisor v54.1.0\n", true],
  ["cloud-hypervisor v100.0\n", true],
  ["cloud-hypervisor v52.0\n", false],
  ["cloud-hypervisor v9.53\n", false],
  ["something else\n", false],
  ["", false],
];

for (const [text, isUsed] of VERSIONS) {
  Deno.test(`probeCloudHypervisor() ${isUsed ? "takes" : "refuses"} ${JSON.stringify(text)}`, async () => {
    const found = await probeCloudHypervisor(hostWith("vmx", () => text), "ch");
    assert.equal(found.available, isUsed);
    if (found.available) assert.match(text, new RegExp(found.version));
    else assert.deepEqual([found.hint, /"ch".*oldest/.test(found.reason)], [INSTALL_HINT, true]);
  });
}

Deno.test("probeCloudHypervisor() says what to install where there is no program", async () => {
  const host = hostWith("svm", () => {
    throw new CommandError("not_found", "Cannot start");
  });
  assert.deepEqual(await probeCloudHypervisor(host, "ch"), {
    available: false,
    reason: '"ch" is not installed',
    hint: INSTALL_HINT,
  });
});

Deno.test("probeCloudHypervisor() needs a processor that virtualises, first of all", async () => {
  const host = hostWith("fpu", () => {
    throw new Error("not to be asked");
  });
  const found = await probeCloudHypervisor(host, "ch");
  assert.ok(!found.available);
  assert.match(found.reason, /neither vmx nor svm/);
  assert.match(found.hint, /KVM/);
});

Deno.test("isSupported() reads versions as vmm.ping gives them", () => {
  assert.equal(isSupported("53.0.0"), true);
  assert.equal(isSupported("52.9.9"), false);
  assert.equal(isSupported("v53.0"), false);
});

function hostWith(flag: string, version: () => string): Host {
  return {
    files: {
      readText: () => Promise.resolve(`flags\t\t: fpu ${flag}\n`),
      stat: () => Promise.resolve({}),
    },
    run: async (label: string) => {
      await Promise.resolve();
      return {
        code: 0,
        signal: null,
        stderr: "",
        stdout: label.endsWith(":version") ? version() : "",
      };
    },
  } as unknown as Host;
}
