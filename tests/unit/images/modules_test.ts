/** Which kernel modules are taken, and that each comes after those it needs. */
import { deepEqual, ok, throws } from "node:assert/strict";
import { EARLY_MODULES, LATE_MODULES, orderModules } from "../../../images/modules.ts";
import { ViperError } from "../../../protocol/problems.ts";

const ALL = [...EARLY_MODULES, ...LATE_MODULES];
/** depmod's order: a module's needs from the nearest to the farthest. */
const DEP = `kernel/drivers/virtio/virtio_ring.ko:
kernel/drivers/virtio/virtio.ko: kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/virtio/virtio_pci.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/block/virtio_blk.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/net/virtio_net.ko: kernel/net/core/failover.ko kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
kernel/net/core/failover.ko:
kernel/fs/erofs/erofs.ko.xz: kernel/lib/libcrc32c.ko.xz
kernel/lib/libcrc32c.ko.xz:
kernel/fs/overlayfs/overlay.ko:
kernel/drivers/char/hw_random/virtio-rng.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/virtio/virtio_balloon.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/input/evdev.ko:
kernel/drivers/misc/pvpanic/pvpanic.ko:
kernel/drivers/misc/pvpanic/pvpanic-pci.ko: kernel/drivers/misc/pvpanic/pvpanic.ko
kernel/sound/unneeded.ko:
`;

Deno.test("orderModules() puts every module after what it needs, each once", () => {
  const { early, late } = orderModules(DEP, "kernel/drivers/acpi/button.ko\n");
  const order = [...early, ...late];
  deepEqual(order.length, new Set(order).size);
  for (const line of DEP.trim().split("\n")) {
    const [path = "", needs = ""] = line.split(":");
    if (!order.includes(path)) continue;
    for (const need of needs.split(" ").filter((word) => word !== "")) {
      ok(
        order.indexOf(need) >= 0 && order.indexOf(need) < order.indexOf(path),
        `${need} < ${path}`,
      );
    }
  }
  ok(!order.some((path) => path.includes("unneeded")));
  deepEqual(late.length, 3, "shared needs were loaded early, and button is built in");
});

Deno.test("orderModules() needs nothing of a kernel that has all built in", () => {
  const builtin = ALL.map((name) => `kernel/x/${name.replaceAll("_", "-")}.ko`).join("\n");
  deepEqual(orderModules("", builtin), { early: [], late: [] });
});

for (const name of ALL) {
  Deno.test(`orderModules() names the missing module ${name}`, () => {
    const builtin = ALL.filter((other) => other !== name).map((other) => `kernel/${other}.ko`);
    throws(() => orderModules("", builtin.join("\n")), (error) => {
      return error instanceof ViperError && error.code === "image_build_failed" &&
        error.message.includes(`"${name}"`);
    });
  });
}
