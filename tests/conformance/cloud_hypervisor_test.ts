/**
 * Cloud Hypervisor passes the suite that every runtime passes: against a stand-in that refuses what
 * the API does not describe, and against the real program where `VIPER_CLOUD_HYPERVISOR` names one.
 * Where the processor cannot run guests, all of the real program's calls are made all the same.
 */
import type { Host } from "../../host/host.ts";
import type { MachineSpec } from "../../server/runtimes/runtime.ts";
import { openNetwork } from "../../server/network/network.ts";
import { cloudHypervisorRuntime } from "../../server/runtimes/cloud_hypervisor.ts";
import { privateNetworkMissing } from "../private_network.ts";
import { runtimeSuite } from "./runtime_suite.ts";
import { standIn, virtualisingHost } from "./cloud_hypervisor_stand_in/program.ts";

const REAL = Deno.env.get("VIPER_CLOUD_HYPERVISOR");
const IMAGE = Deno.env.get("VIPER_IMAGE_DIR") ??
  new URL("../../dist/image/current", import.meta.url).pathname;

const NETWORK = {
  bridge: "viperbr0",
  subnet: "192.168.127.0/24",
  hostIp: "192.168.127.1",
  guestPort: 7778,
};

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
  guestRuns: true,
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

runtimeSuite({
  name: "cloud-hypervisor",
  skip: realMissing(),
  guestRuns: /^flags\s*:.*\b(vmx|svm)\b/m.test(Deno.readTextFileSync("/proc/cpuinfo")),
  runtime: (host) => cloudHypervisorRuntime(host, { binary: REAL ?? "" }),
  complete: async (host: Host, draft: MachineSpec, undo: AsyncDisposableStack) => {
    const network = undo.use(await openNetwork(NETWORK, host));
    const tap = await network.createTap(draft.id, {
      ip: "192.168.127.2",
      mac: draft.mac,
      owner: draft.uid,
      egress: "internet",
    });
    undo.defer(() => network.removeTap(draft.id));
    return {
      ...draft,
      layout: "disk",
      kernel: `${IMAGE}/vmlinux`,
      initramfs: `${IMAGE}/viper-initramfs.cpio.gz`,
      rootfs: `${IMAGE}/viper-root.erofs`,
      cmdline: "console=ttyS0 panic=0",
      tap: tap.name,
    };
  },
  broken: (spec) => ({ ...spec, kernel: "/missing/vmlinux" }),
});
