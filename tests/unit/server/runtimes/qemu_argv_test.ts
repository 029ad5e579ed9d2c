/** QEMU's command line: what stands on it in each case, and what never does. */
import assert from "node:assert/strict";
import { qemuArgv, qemuOpenFiles } from "../../../../server/runtimes/qemu_argv.ts";
import type { MachineSpec } from "../../../../server/runtimes/runtime.ts";
import { SPEC } from "./machine_spec.ts";

const argv = (change: Partial<MachineSpec> = {}, accel: "kvm" | "tcg" = "tcg") =>
  qemuArgv("qemu-system-x86_64", { ...SPEC, ...change }, accel);

/** The words that follow an option, in order. */
function valuesOf(option: string, words: readonly string[]): string[] {
  return words.flatMap((word, at) => word === option ? [words[at + 1] ?? ""] : []);
}

Deno.test("qemuArgv() starts with stopped processors, no default devices and a sandbox", () => {
  for (const word of ["-S", "-nodefaults", "-no-user-config", "-no-reboot"]) {
    assert.ok(argv().includes(word), word);
  }
  assert.match(valuesOf("-sandbox", argv())[0] ?? "", /^on,.*spawn=deny/);
});

Deno.test("qemuArgv() uses the host's processor under KVM only", () => {
  assert.deepEqual(valuesOf("-cpu", argv({}, "kvm")), ["host"]);
  assert.deepEqual(valuesOf("-accel", argv({}, "kvm")), ["kvm"]);
  assert.notDeepEqual(valuesOf("-cpu", argv()), ["host"]);
  assert.match(valuesOf("-accel", argv())[0] ?? "", /^tcg,thread=multi/);
});

Deno.test("qemuArgv() names each file by the descriptor under which the launcher opens it", () => {
  const files = qemuOpenFiles(SPEC);
  const descriptor = (path: string) =>
    `/proc/self/fd/${3 + files.findIndex((file) => file.path === path)}`;
  assert.deepEqual(valuesOf("-kernel", argv()), [descriptor(SPEC.kernel)]);
  assert.deepEqual(valuesOf("-initrd", argv()), [descriptor(SPEC.initramfs)]);
  assert.deepEqual(valuesOf("-chardev", argv()), [
    `file,id=console,append=on,path=${descriptor(SPEC.consoleLog)}`,
  ]);
  assert.deepEqual(valuesOf("-drive", argv()), [
    "if=none,id=root,format=raw,readonly=on,file.locking=off," +
    `file=${descriptor(SPEC.rootfs ?? "")}`,
  ]);
  const written = files.filter(({ access }) => access !== "read");
  assert.deepEqual(written, [{ path: SPEC.consoleLog, access: "append" }]);
});

Deno.test("qemuArgv() names no path of the host, so that no folder has to be open to QEMU", () => {
  assert.doesNotMatch(argv().join(" "), /\/(run|image|logs)\//);
  assert.deepEqual(valuesOf("-qmp", argv()), ["unix:qmp.sock,server=on,wait=off"]);
});

Deno.test("qemuArgv() has no disk in the initramfs layout", () => {
  assert.deepEqual(valuesOf("-drive", argv({ layout: "initramfs", rootfs: null })), []);
});

Deno.test("qemuArgv() attaches the given tap and runs no scripts", () => {
  assert.deepEqual(valuesOf("-netdev", argv()), [
    "tap,id=net,ifname=vpt-0123456789a,script=no,downscript=no,vhost=off",
  ]);
  assert.ok(valuesOf("-device", argv())[0]?.includes("mac=02:01:02:03:04:05"));
});
