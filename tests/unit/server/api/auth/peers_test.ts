import assert from "node:assert/strict";
import { clientAddress, failureBucket, parseCidrs } from "../../../../../server/api/auth/peers.ts";

for (
  const entry of [
    ...[
      "x",
      "10.0.0.0/33",
      "10.0.0/8",
      "fd00::/129",
      "10.0.0.0/-1",
      "/8",
      "10.0.0.0/",
      "localhost",
    ],
    ...["10.0.0.0/8 10.1.0.0/16", "1.2.3.4:80", "::g", "256.0.0.1"],
  ]
) {
  Deno.test(`parseCidrs() refuses "${entry}" and says where it stands`, () => {
    const message =
      `Cannot use "${entry}" in VIPER_X: write addresses and CIDRs, such as 10.0.0.0/8`;
    assert.throws(() => parseCidrs(["10.0.0.0/8", entry], "VIPER_X"), new TypeError(message));
  });
}

Deno.test("parseCidrs() takes addresses and CIDRs of both kinds", () => {
  const list = parseCidrs(["10.0.0.0/8", "192.0.2.1", "fd00::/8", "::1"], "x");
  for (const one of ["10.255.0.1", "192.0.2.1", "fdff::1", "::1"]) assert.ok(list.has(one), one);
  for (const one of ["11.0.0.1", "192.0.2.2", "fe80::1", "::2"]) assert.ok(!list.has(one), one);
  assert.ok(!parseCidrs([], "x").has("10.0.0.1"));
  assert.ok(parseCidrs(["0.0.0.0/0"], "x").has("203.0.113.9"));
});

/** Peer, header, trusted proxies, client. */
const CLIENTS: readonly [string, string | null, readonly string[], string | null][] = [
  ["10.0.0.1", null, [], "10.0.0.1"],
  ["10.0.0.1", "1.2.3.4", [], "10.0.0.1"],
  ["10.0.0.1", "1.2.3.4", ["10.0.0.1"], "1.2.3.4"],
  ["10.0.0.1", "6.6.6.6, 1.2.3.4", ["10.0.0.1"], "1.2.3.4"],
  ["10.0.0.1", "1.2.3.4,10.0.0.2", ["10.0.0.0/8"], "1.2.3.4"],
  ["10.0.0.1", "10.0.0.3, 10.0.0.2", ["10.0.0.0/8"], "10.0.0.3"],
  ["10.0.0.1", "", ["10.0.0.1"], null],
  ["10.0.0.1", null, ["10.0.0.1"], "10.0.0.1"],
  ["10.0.0.1", "1.2.3.4:99", ["10.0.0.1"], "1.2.3.4"],
  ["::1", "[2001:DB8::1]:99", ["::1"], "2001:db8::1"],
  ["::FFFF:10.0.0.1", "unknown", ["10.0.0.1"], null],
  ["fe80::1%eth0", null, [], "fe80::1"],
  ["", null, [], null],
];

for (const [peer, header, trusted, client] of CLIENTS) {
  Deno.test(`clientAddress() of ${peer} for "${header}" trusting [${trusted}] is ${client}`, () => {
    assert.equal(clientAddress(peer, header, parseCidrs(trusted, "x")), client);
  });
}

for (
  const [address, bucket] of [
    ["10.0.0.1", "10.0.0.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::9", "2001:db8:1:2::/64"],
    ["2001:db8::9", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["1::2:3:4:5:6:7", "1:0:2:3::/64"],
    [null, "unknown"],
  ] as const
) {
  Deno.test(`failureBucket() of ${address} is ${bucket}`, () => {
    assert.equal(failureBucket(address), bucket);
  });
}
