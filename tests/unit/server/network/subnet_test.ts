/** IPv4 arithmetic, by table and by property. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { formatIpv4, parseIpv4, parseSubnet } from "../../../../server/network/subnet.ts";

Deno.test("parseSubnet() tells mask, ends and hosts", () => {
  const subnet = parseSubnet("192.168.127.0/24");
  assert.equal(subnet.netmask, "255.255.255.0");
  assert.equal(subnet.networkAddress, "192.168.127.0");
  assert.equal(subnet.broadcastAddress, "192.168.127.255");
  const hosts = [...subnet.hosts()];
  assert.deepEqual([hosts.length, hosts[0], hosts.at(-1)], [
    254,
    "192.168.127.1",
    "192.168.127.254",
  ]);
  assert.equal(subnet.contains("192.168.127.77"), true);
  assert.equal(subnet.contains("192.168.128.0"), false);
});

Deno.test("parseSubnet() works above 2³¹ and at its limits", () => {
  assert.equal(parseSubnet("255.255.255.252/30").broadcastAddress, "255.255.255.255");
  assert.deepEqual([...parseSubnet("10.0.0.4/30").hosts()], ["10.0.0.5", "10.0.0.6"]);
  assert.equal(parseSubnet("10.1.0.0/16").netmask, "255.255.0.0");
});

const BAD_SUBNETS = [
  "",
  "192.168.127.0",
  "192.168.127.0/",
  "192.168.127.0/33",
  "192.168.127.0/31",
  "10.0.0.0/8",
  "192.168.127.0/24/24",
  "192.168.127.0/+24",
  "192.168.127.0/0x18",
  "192.168.127/24",
  "192.168.127.256/24",
  "192.168.0127.0/24",
  "fd00::/64",
  " 192.168.127.0/24",
];
for (const text of BAD_SUBNETS) {
  Deno.test(`parseSubnet() refuses "${text}" and quotes what is wrong`, () => {
    assert.throws(() => parseSubnet(text), (error) => {
      assert.ok(error instanceof TypeError);
      assert.match(error.message, /".*"/);
      return true;
    });
  });
}

Deno.test("parseSubnet() says which subnet was meant", () => {
  assert.throws(() => parseSubnet("192.168.127.9/24"), /did you mean 192\.168\.127\.0\/24/);
});

Deno.test("parseIpv4() and formatIpv4() undo each other", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (number) => {
    assert.equal(parseIpv4(formatIpv4(number)), number);
  }));
});

Deno.test("hosts() lies in the subnet and leaves out its ends", () => {
  const subnets = fc.tuple(
    fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    fc.integer({ min: 24, max: 30 }),
  );
  fc.assert(fc.property(subnets, ([number, prefix]) => {
    const size = 2 ** (32 - prefix);
    const subnet = parseSubnet(`${formatIpv4(number - number % size)}/${prefix}`);
    const hosts = [...subnet.hosts()];
    assert.equal(new Set(hosts).size, size - 2);
    assert.ok(hosts.every((host) => subnet.contains(host)));
    assert.ok(!hosts.includes(subnet.networkAddress));
    assert.ok(!hosts.includes(subnet.broadcastAddress));
  }));
});
