import assert from "node:assert/strict";
import { denoHost } from "../../../../host/deno_host.ts";
import { IMAGE_LAYOUT_FILES } from "../../../../protocol/images.ts";
import { findGuestImage } from "../../../../server/vms/guest_image.ts";

const host = denoHost({ log: () => {} });

for (const layout of ["disk", "initramfs"] as const) {
  Deno.test(`findGuestImage() finds layout ${layout}, and names each file that is missing`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "viper-image-" });
    try {
      await Deno.mkdir(`${folder}/current`);
      const files = IMAGE_LAYOUT_FILES[layout].map((name) => `${folder}/current/${name}`);
      for (const file of files) {
        await assert.rejects(findGuestImage(host, folder, "current", layout), {
          code: "image_not_found",
          message: `Cannot boot with layout "${layout}": there is no file "${file}"`,
          hint: `Build the image with: viper images build --layout ${layout} --out ${folder}`,
        });
        await Deno.writeTextFile(file, "");
      }
      const { kernel, initramfs, rootfs } = await findGuestImage(host, folder, "current", layout);
      assert.deepEqual([kernel, initramfs, rootfs].filter((path) => path !== null), files);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
