import type { MachineSpec } from "../../../../server/runtimes/runtime.ts";

/** A machine whose every part has a value of its own. */
export const SPEC: MachineSpec = {
  id: "7f",
  cpuCores: 2,
  memoryMb: 2048,
  layout: "disk",
  kernel: "/image/vmlinux",
  initramfs: "/run/7f/initramfs",
  rootfs: "/image/root.erofs",
  cmdline: "console=ttyS0 quiet",
  tap: "vpt-0123456789a",
  mac: "02:01:02:03:04:05",
  runDir: "/run/7f",
  consoleLog: "/logs/7f.log",
  instanceFile: "/run/7f/instance.json",
  uid: null,
  cgroup: null,
};
