import assert from "node:assert/strict";
import { checkSettings, type NetworkSettings } from "../../../../server/network/settings.ts";

const GOOD = {
  bridge: "viperbr0",
  subnet: "192.168.127.0/24",
  hostIp: "192.168.127.1",
  guestPort: 7778,
};

Deno.test("checkSettings() takes the defaults", () => {
  assert.equal(checkSettings(GOOD).netmask, "255.255.255.0");
});

const BAD: readonly [string, Partial<NetworkSettings>][] = [
  ["a bridge's name of 16 characters", { bridge: "viperbr012345678" }],
  ["a bridge's name with a slash", { bridge: "../viper" }],
  ["a bridge's name that reads as an option", { bridge: "-j" }],
  ["an empty bridge's name", { bridge: "" }],
  ["a host's address outside the subnet", { hostIp: "192.168.128.1" }],
  ["the network's address as the host's", { hostIp: "192.168.127.0" }],
  ["the broadcast address as the host's", { hostIp: "192.168.127.255" }],
  ["a host's address that is none", { hostIp: "localhost" }],
  ["a resolver that is none", { resolvers: ["::1"] }],
  ["a subnet that is none", { subnet: "everything" }],
];
for (const [title, change] of BAD) {
  Deno.test(`checkSettings() refuses ${title} and quotes it`, () => {
    const quoted = Object.values(change)[0];
    assert.throws(() => checkSettings({ ...GOOD, ...change }), (error) => {
      assert.ok(error instanceof TypeError);
      assert.ok(error.message.includes(`"${quoted}"`), error.message);
      return true;
    });
  });
}
