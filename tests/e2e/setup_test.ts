/** `viper setup --dry-run` of the real binary by a user who may do nothing. */
import assert from "node:assert/strict";
import { hostSnapshot } from "../faults/host_snapshot.ts";
import { privateNetworkMissing } from "../private_network.ts";

const BINARY = new URL("../../dist/viper", import.meta.url).pathname;
const NOBODY = 65_534;

Deno.test({
  name: "viper setup --dry-run prints all and changes nothing as nobody",
  // To become another user takes root, and a namespace is quick to compare.
  ignore: privateNetworkMissing() !== null,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "viper-dry-run-" });
    try {
      await Deno.chmod(folder, 0o755);
      await Deno.copyFile(BINARY, `${folder}/viper`);
      await Deno.mkdir(`${folder}/root/etc`, { recursive: true });
      const cache = `${folder}/cache`;
      await Deno.mkdir(cache);
      await Deno.chown(cache, NOBODY, NOBODY);
      const before = await hostSnapshot(`${folder}/root`);
      const { code, stdout, stderr } = await new Deno.Command("setpriv", {
        args: [
          ...["--reuid", `${NOBODY}`, "--regid", `${NOBODY}`, "--clear-groups", "--no-new-privs"],
          ...[`${folder}/viper`, "setup", "--dry-run", "--root", `${folder}/root`],
        ],
        env: { VIPER_CACHE_DIR: cache, HOME: "/nonexistent" },
      }).output();
      const text = new TextDecoder().decode(stdout);
      assert.deepEqual([code, new TextDecoder().decode(stderr)], [0, ""]);
      for (const part of ["apt-get", "groupadd", "viper.env", "ip link add", "systemctl start"]) {
        assert.ok(text.includes(part), part);
      }
      assert.equal(await hostSnapshot(`${folder}/root`), before);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
