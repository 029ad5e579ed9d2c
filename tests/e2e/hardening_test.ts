/**
 * The daemon as its unit of systemd's confines it, without systemd: with the unit's capabilities
 * and no others, no new privileges, and a file system of which only its own folder may be written.
 * A real VM under QEMU boots all the same, and goes without a trace.
 */
import assert from "node:assert/strict";
import { serverUnit } from "../../setup/units.ts";
import { IMAGE_DIR, startDaemon } from "../daemon_process.ts";
import { privateNetworkMissing } from "../private_network.ts";

/** Emulated guests share two cores. */
const READY_MS = 240_000;

/** $1: the folder that may be written; then a command. `/dev`, `/proc` and `/sys` are apart. */
const STRICT = `set -eu
mount --bind "$1" "$1"
mount -o remount,bind,ro /
shift
exec "$@"`;

const skip = privateNetworkMissing();
if (skip !== null) console.log(`the hardening test is skipped: ${skip}`);

/** Becomes its last arguments, confined as the unit says. */
function confined(folder: string): string[] {
  const unit = serverUnit({ program: ["viper"], envFile: "", cacheDir: "", writable: [] });
  const names = /^CapabilityBoundingSet=(.*)$/m.exec(unit)?.[1]?.split(" ") ?? [];
  const kept = names.map((name) => name.replace("CAP_", "+").toLowerCase());
  return [
    ...["unshare", "--mount", "--propagation", "slave"],
    ...["sh", "-c", STRICT, "strict", folder],
    ...["env", `VIPER_CACHE_DIR=${folder}/cache`],
    ...["setpriv", "--no-new-privs", "--bounding-set", ["-all", ...kept].join(","), "--"],
  ];
}

Deno.test({
  name: "the daemon boots a VM within the confines of its unit",
  ignore: skip !== null,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "viper-hardening-test-" });
    const flags = ["--runtime", "qemu", "--image-dir", IMAGE_DIR];
    await using daemon = await startDaemon(flags, folder, confined(folder));
    const status = await Deno.readTextFile(`/proc/${daemon.pid}/status`);
    assert.match(status, /^NoNewPrivs:\t1$/m);
    assert.doesNotMatch(status, /^CapEff:\t0*1ffffffffff$/m, "not all capabilities");
    await daemon.client.vms.create({ name: "a", memory_mb: 1024 });
    const vm = await daemon.client.vms.wait({ name: "a", timeout_ms: READY_MS });
    assert.equal(vm.status, "running", vm.reason);
    await daemon.client.vms.delete({ name: "a" });
    assert.equal(await daemon.stop(), 0);
  },
});
