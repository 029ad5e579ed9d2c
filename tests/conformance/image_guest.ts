/** Machines of the real kernel with the suite's guest, in a network namespace of the test's own. */
import type { Host } from "../../host/host.ts";
import { openNetwork } from "../../server/network/network.ts";
import type { MachineEnd, MachineSpec } from "../../server/runtimes/runtime.ts";
import { openCgroups } from "../../server/vms/cgroups.ts";
import { guestCommandLine, writeGuest } from "./guest.ts";
import type { GuestDeed } from "./rig.ts";

export const IMAGE = Deno.env.get("VIPER_IMAGE_DIR") ??
  new URL("../../dist/image/current", import.meta.url).pathname;

/** Whom the suite's hypervisors run as: no user of any host. */
export const UID = 1_989_002;

const NETWORK = {
  bridge: "viperbr0",
  subnet: "192.168.127.0/24",
  hostIp: "192.168.127.1",
  guestPort: 7778,
};

/** What the guest can end by. */
export const ENDINGS: readonly (readonly [GuestDeed, MachineEnd["cause"]])[] = [
  ["poweroff", "guest_poweroff"],
  ["reset", "guest_reset"],
  ["panic", "guest_panic"],
];

/** A tap that the user may open, a cgroup where there is version 2, the kernel and the guest. */
export async function completeWithGuest(
  host: Host,
  draft: MachineSpec,
  undo: AsyncDisposableStack,
  deed: GuestDeed,
): Promise<MachineSpec> {
  const { id, mac, uid, cpuCores, memoryMb } = draft;
  const network = undo.use(await openNetwork(NETWORK, host));
  const plan = { ip: "192.168.127.2", mac, owner: uid, egress: "internet" } as const;
  const tap = await network.createTap(id, plan);
  undo.defer(() => network.removeTap(id));
  const cgroups = await openCgroups(host, `viper-suite-${Deno.pid}`);
  if (cgroups !== null) undo.use(cgroups);
  const cgroup = await cgroups?.create(id, { cpuCores, memoryMb, accel: "tcg" }) ?? null;
  undo.defer(async () => await cgroups?.remove(id));
  const initramfs = `${draft.runDir}.initramfs`;
  await writeGuest(`${IMAGE}/viper-initramfs.cpio.gz`, initramfs);
  return {
    ...draft,
    kernel: `${IMAGE}/vmlinux`,
    initramfs,
    layout: "disk",
    rootfs: `${IMAGE}/viper-root.erofs`,
    cmdline: guestCommandLine(deed),
    tap: tap.name,
    cgroup,
  };
}
