/**
 * Every runtime passes the one suite: QEMU with the real kernel, in a network namespace of the
 * test's own, and local with a stand-in agent whose child has a session of its own, like Chrome.
 */
import type { Host } from "../../host/host.ts";
import type { MachineSpec } from "../../server/runtimes/runtime.ts";
import { openNetwork } from "../../server/network/network.ts";
import { localRuntime } from "../../server/runtimes/local.ts";
import { qemuRuntime } from "../../server/runtimes/qemu.ts";
import { privateNetworkMissing } from "../private_network.ts";
import { runtimeSuite } from "./runtime_suite.ts";

const IMAGE = Deno.env.get("VIPER_IMAGE_DIR") ??
  new URL("../../dist/image/current", import.meta.url).pathname;
const KERNEL = `${IMAGE}/vmlinux`;

const NETWORK = {
  bridge: "viperbr0",
  subnet: "192.168.127.0/24",
  hostIp: "192.168.127.1",
  guestPort: 7778,
};

/** Says that it runs, leaves a child in another session, and stays. */
const STAND_IN = "echo agent-up; setsid sleep 600 & wait";

function qemuMissing(): string | null {
  const missing = privateNetworkMissing();
  if (missing !== null) return missing;
  try {
    new Deno.Command("qemu-system-x86_64", { args: ["--version"], stdout: "null" }).outputSync();
    Deno.statSync(KERNEL);
    return null;
  } catch {
    return `needs qemu-system-x86_64 and a kernel at ${KERNEL}`;
  }
}

runtimeSuite({
  name: "qemu",
  skip: qemuMissing(),
  runtime: (host) => qemuRuntime(host),
  complete: async (host: Host, draft: MachineSpec, undo: AsyncDisposableStack) => {
    const network = undo.use(await openNetwork(NETWORK, host));
    const tap = await network.createTap(draft.id, {
      ip: "192.168.127.2",
      mac: draft.mac,
      owner: null,
      egress: "internet",
    });
    undo.defer(() => network.removeTap(draft.id));
    return {
      ...draft,
      kernel: KERNEL,
      initramfs: `${IMAGE}/viper-initramfs.cpio.gz`,
      cmdline: "console=ttyS0 panic=0",
      tap: tap.name,
    };
  },
  broken: (spec) => ({ ...spec, kernel: "/missing/vmlinux" }),
});

runtimeSuite({
  name: "local",
  skip: null,
  runtime: (host) =>
    localRuntime(host, { agentCommand: ["/bin/sh", "-c", STAND_IN, "stand-in-agent"] }),
  complete: (_host, draft) => Promise.resolve(draft),
  broken: (spec) => ({ ...spec, instanceFile: "/missing/instance.json" }),
});
