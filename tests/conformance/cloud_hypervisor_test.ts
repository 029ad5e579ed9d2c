/**
 * Cloud Hypervisor passes the suite that every runtime passes: against a stand-in that refuses what
 * the API does not describe, and against the real program where `VIPER_CLOUD_HYPERVISOR` names one.
 * Where the processor cannot run guests, all of the real program's calls are made all the same.
 */
import { cloudHypervisorRuntime } from "../../server/runtimes/cloud_hypervisor.ts";
import { privateNetworkMissing } from "../private_network.ts";
import { completeWithGuest, ENDINGS, IMAGE, UID } from "./image_guest.ts";
import { runtimeSuite } from "./runtime_suite.ts";
import { standIn, virtualisingHost } from "./cloud_hypervisor_stand_in/program.ts";

const REAL = Deno.env.get("VIPER_CLOUD_HYPERVISOR");
/** The stand-in's guest does what it is told by a signal. */
const SIGNALS = {
  tick: "SIGCONT",
  poweroff: "SIGUSR1",
  panic: "SIGUSR2",
  reset: "SIGHUP",
} as const;

function realMissing(): string | null {
  if (REAL === undefined) return "VIPER_CLOUD_HYPERVISOR names no program";
  const missing = privateNetworkMissing();
  if (missing !== null) return missing;
  try {
    Deno.openSync("/dev/kvm", { read: true, write: true }).close();
    Deno.statSync(`${IMAGE}/vmlinux`);
    return null;
  } catch {
    return `needs /dev/kvm and an image at ${IMAGE}`;
  }
}

runtimeSuite({
  name: "cloud-hypervisor (stand-in)",
  skip: null,
  // It is a script of this checkout, which another user may not be able to read.
  uid: null,
  endings: ENDINGS,
  guestRuns: true,
  answers: true,
  provoke: (pid, deed) => Deno.kill(pid, SIGNALS[deed]),
  runtime: (host) => cloudHypervisorRuntime(virtualisingHost(host), { binary: standIn() }),
  complete: async (_host, draft) => {
    const file = (name: string) => `${draft.consoleLog}.${name}`;
    for (const name of ["kernel", "initramfs", "root"]) await Deno.writeTextFile(file(name), "");
    return {
      ...draft,
      layout: "disk",
      kernel: file("kernel"),
      initramfs: file("initramfs"),
      rootfs: file("root"),
      // A path with that name is there on every machine.
      tap: "lo",
    };
  },
  broken: (spec) => ({ ...spec, kernel: "/missing/vmlinux" }),
});

const guestRuns = /^flags\s*:.*\b(vmx|svm)\b/m.test(Deno.readTextFileSync("/proc/cpuinfo"));

runtimeSuite({
  name: "cloud-hypervisor",
  skip: realMissing(),
  uid: UID,
  endings: guestRuns ? ENDINGS : [],
  guestRuns,
  answers: true,
  runtime: (host) => cloudHypervisorRuntime(host, { binary: REAL ?? "" }),
  complete: completeWithGuest,
  broken: (spec) => ({ ...spec, kernel: "/missing/vmlinux" }),
});
