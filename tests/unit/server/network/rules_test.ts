import assert from "node:assert/strict";
import { installation } from "../../../../server/network/rules.ts";

const SETTINGS = {
  bridge: "viperbr0",
  subnet: "192.168.127.0/24",
  hostIp: "192.168.127.1",
  guestPort: 7778,
  openPorts: [8000],
};

Deno.test("installation() opens the guests' port and the given ones, and nothing else of the host", () => {
  const input = installation(SETTINGS, "").split("\n")
    .filter((line) => line.startsWith("-A VIPER-INPUT"));
  assert.deepEqual(input, [
    "-A VIPER-INPUT -i viperbr0 ! -s 192.168.127.0/24 -j DROP",
    "-A VIPER-INPUT -i viperbr0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "-A VIPER-INPUT -i viperbr0 -d 192.168.127.1/32 -p tcp -m tcp --dport 7778 -j ACCEPT",
    "-A VIPER-INPUT -i viperbr0 -p tcp -m tcp --dport 8000 -j ACCEPT",
    "-A VIPER-INPUT -i viperbr0 -p icmp -j ACCEPT",
    "-A VIPER-INPUT -i viperbr0 -j DROP",
  ]);
});

Deno.test("installation() does not jump twice where an earlier daemon's jump stands", () => {
  const jumps = (saved: string) =>
    installation(SETTINGS, saved).split("\n").filter((line) => line.startsWith("-I "));
  assert.deepEqual(jumps(""), [
    "-I INPUT -j VIPER-INPUT",
    "-I FORWARD -j VIPER-FORWARD",
    "-I POSTROUTING -j VIPER-NAT",
  ]);
  assert.deepEqual(jumps("*filter\n-A FORWARD -j VIPER-FORWARD\n-A INPUT -j VIPER-INPUT2\n"), [
    "-I INPUT -j VIPER-INPUT",
    "-I POSTROUTING -j VIPER-NAT",
  ]);
});
