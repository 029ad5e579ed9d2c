/** What a set-up daemon is told: who beats whom, and what is refused. */
import assert from "node:assert/strict";
import { hostSettings } from "../../../setup/settings.ts";

Deno.test("hostSettings() keeps the daemon's files out of homes", () => {
  const { config } = hostSettings({}, { HOME: "/root" }, {});
  const { dbPath, runtimeDir, logDir, imageDir } = config;
  assert.deepEqual([dbPath, runtimeDir, logDir, imageDir], [
    "/var/lib/viper/state.db",
    "/var/lib/viper/run",
    "/var/log/viper",
    "/var/lib/viper/image",
  ]);
});

Deno.test("hostSettings(): a flag beats a variable, a variable the installed file", () => {
  const installed = { VIPER_BRIDGE: "c", VIPER_SUBNET: "10.9.0.0/16", VIPER_HOST_IP: "10.9.0.1" };
  const { env } = hostSettings(
    { bridge: "a" },
    { VIPER_BRIDGE: "b", VIPER_HOST_IP: "10.9.0.2" },
    installed,
  );
  assert.deepEqual(
    [env["VIPER_BRIDGE"], env["VIPER_HOST_IP"], env["VIPER_SUBNET"]],
    ["a", "10.9.0.2", "10.9.0.0/16"],
  );
});

Deno.test("hostSettings() carries the key and lines of the owner's, and no other variables", () => {
  const { env } = hostSettings({}, { VIPER_API_KEY: "k", VIPER_SELF: "/x", PATH: "/bin" }, {
    HTTPS_PROXY: "http://proxy",
  });
  assert.equal(env["VIPER_API_KEY"], "k");
  assert.equal(env["HTTPS_PROXY"], "http://proxy");
  assert.ok(!("PATH" in env) && !("VIPER_SELF" in env));
});

Deno.test("hostSettings() makes relative paths absolute", () => {
  const { env } = hostSettings({ imageDir: "image" }, { PWD: "/srv" }, {});
  assert.equal(env["VIPER_IMAGE_DIR"], "/srv/image");
});

const REFUSED: readonly [Record<string, string>, RegExp][] = [
  [{ bridge: "a b" }, /Cannot use "a b" as VIPER_BRIDGE/],
  [{ subnet: "10.0.0.0/8" }, /Cannot read the subnet "10.0.0.0\/8"/],
  [{ hostIp: "10.0.0.1" }, /Cannot use "10.0.0.1" as a host's address in 192.168.127.0\/24/],
  [{ listen: "nowhere" }, /Cannot use "nowhere" as VIPER_API_LISTEN/],
];
for (const [flags, message] of REFUSED) {
  Deno.test(`hostSettings() refuses ${JSON.stringify(flags)}`, () => {
    assert.throws(() => hostSettings(flags, {}, {}), message);
  });
}
