/** What Cloud Hypervisor is started with and asked for, and what never stands on its command line. */
import assert from "node:assert/strict";
import {
  cloudHypervisorArgv,
  cloudHypervisorFiles,
  isOwnFile,
  markAmong,
  openFiles,
  vmConfig,
} from "../../../../server/runtimes/cloud_hypervisor_config.ts";
import { checkRequest } from "../../../conformance/cloud_hypervisor_stand_in/schema.ts";
import { SPEC } from "./machine_spec.ts";

const MARK = "0123abcd";
const FILES = cloudHypervisorFiles(SPEC.runDir, MARK);
const LANDLOCK = { isOn: true, readable: ["/sys/class/net/vpt-0123456789a"] };

Deno.test("cloudHypervisorArgv() names nothing of the guest", () => {
  const words = cloudHypervisorArgv("/bin/ch", MARK).join(" ");
  for (const value of [SPEC.cmdline, SPEC.mac, SPEC.tap, SPEC.initramfs, SPEC.id]) {
    assert.ok(!words.includes(value), value);
  }
  assert.match(words, /\/bin\/ch --api-socket path=api-0123abcd\.sock --event-monitor fd=4/);
  assert.doesNotMatch(words, /--seccomp/);
});

Deno.test("vmConfig() is what the API describes, in either layout", () => {
  for (const rootfs of [SPEC.rootfs, null]) {
    const body = JSON.parse(JSON.stringify(vmConfig({ ...SPEC, rootfs }, LANDLOCK)));
    assert.equal(checkRequest("PUT vm.create", body), null);
  }
});

Deno.test("vmConfig() names each file by the descriptor under which the launcher opens it", () => {
  const files = openFiles(SPEC, FILES);
  const descriptor = (path: string | null) =>
    `/proc/self/fd/${3 + files.findIndex((file) => file.path === path)}`;
  const { payload, disks } = vmConfig(SPEC, LANDLOCK);
  assert.equal(payload.kernel, descriptor(SPEC.kernel));
  assert.equal(payload.initramfs, descriptor(SPEC.initramfs));
  assert.deepEqual(disks.map(({ path }) => path), [descriptor(SPEC.rootfs)]);
  assert.equal(descriptor(SPEC.consoleLog), "/proc/self/fd/3", "where the argv sends the console");
  assert.equal(descriptor(FILES.events), "/proc/self/fd/4", "where the argv sends the events");
  const appended = files.filter(({ access }) => access === "append").map(({ path }) => path);
  assert.deepEqual(appended, [SPEC.consoleLog, FILES.events]);
});

Deno.test("vmConfig() gives the guest its size and no virtualisation of its own", () => {
  const { cpus, memory } = vmConfig(SPEC, LANDLOCK);
  assert.deepEqual(cpus, { boot_vcpus: 2, max_vcpus: 2, nested: false });
  assert.equal(memory.size, 2048 * 1024 * 1024);
});

Deno.test("vmConfig() opens the root read-only, as raw as it is", () => {
  const [root] = vmConfig(SPEC, LANDLOCK).disks;
  assert.equal(root?.readonly, true);
  assert.equal(root?.image_type, "Raw");
});

Deno.test("checkRequest() refuses a key that is misspelt, at every depth", () => {
  const body = JSON.parse(JSON.stringify(vmConfig(SPEC, LANDLOCK)));
  const misspelt = [
    { ...body, pvpannic: true },
    { ...body, cpus: { ...body.cpus, nestd: false } },
    { ...body, disks: [{ ...body.disks[0], read_only: true }] },
    { ...body, payload: undefined },
  ];
  for (const wrong of misspelt) assert.notEqual(checkRequest("PUT vm.create", wrong), null);
  assert.notEqual(checkRequest("GET vm.create", body), null);
  assert.notEqual(checkRequest("PUT vm.boot", {}), null);
});

Deno.test("isOwnFile() knows the files of a machine's folder that may be removed", () => {
  for (const path of [...Object.values(FILES), `${FILES.socket}.lock`]) {
    assert.ok(isOwnFile(path.replace("/run/7f/", "")), path);
  }
  for (
    const name of ["initramfs", "instance.json", "api-x.sock", "qemu.log", "x-api-0123abcd.sock"]
  ) {
    assert.ok(!isOwnFile(name), name);
  }
});

Deno.test("markAmong() finds the socket by its name and nothing else", () => {
  assert.equal(markAmong(["api-0123abcd.sock.lock", "api-89abcdef.sock"]), "89abcdef");
  assert.equal(markAmong(["api-0123abcd.sock.lock", "events-0123abcd.json"]), null);
});
