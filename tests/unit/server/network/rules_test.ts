import assert from "node:assert/strict";
import { installation, removal } from "../../../../server/network/rules.ts";

const SETTINGS = {
  bridge: "viperbr0",
  subnet: "192.168.127.0/24",
  hostIp: "192.168.127.1",
  guestPort: 7778,
  openPorts: [8000],
  resolvers: ["10.0.0.53"],
};

function chain(name: string, input = installation(SETTINGS, "")): string[] {
  const start = `-A VIPER-viperbr0-${name} `;
  return input.split("\n").filter((line) => line.startsWith(start))
    .map((line) => line.slice(start.length));
}

Deno.test("installation() opens the host's given ports and its name service, and nothing else", () => {
  assert.deepEqual(chain("HOST"), [
    "! -s 192.168.127.0/24 -j DROP",
    "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "-d 192.168.127.1/32 -p tcp -m tcp --dport 7778 -j ACCEPT",
    "-d 192.168.127.1/32 -p tcp -m tcp --dport 8000 -j ACCEPT",
    "-d 10.0.0.53/32 -p udp -m udp --dport 53 -j ACCEPT",
    "-d 10.0.0.53/32 -p tcp -m tcp --dport 53 -j ACCEPT",
    "-j DROP",
  ]);
});

Deno.test("installation() forbids other guests and metadata before it lets a guest's packets out", () => {
  const rules = chain("FROM");
  const last = rules.indexOf("-j ACCEPT");
  assert.equal(last, rules.length - 1);
  for (const rule of ["-o viperbr0 -j DROP", "-d 169.254.0.0/16 -j DROP"]) {
    assert.ok(rules.includes(rule), rule);
  }
  assert.deepEqual(chain("TO"), [
    "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "-j DROP",
  ]);
});

Deno.test("installation() does not jump twice where an earlier daemon's jump stands", () => {
  const jumps = (saved: string) =>
    installation(SETTINGS, saved).split("\n").filter((line) => line.startsWith("-I "));
  const all = [
    "-I INPUT -i viperbr0 -j VIPER-viperbr0-HOST",
    "-I FORWARD -i viperbr0 -j VIPER-viperbr0-FROM",
    "-I FORWARD -o viperbr0 -j VIPER-viperbr0-TO",
    "-I POSTROUTING -j VIPER-viperbr0-NAT",
  ];
  assert.deepEqual(jumps(""), all);
  const saved = [
    "-A FORWARD -i viperbr0 -j VIPER-viperbr0-FROM",
    "-A INPUT -i viperbr0 -j VIPER-viperbr0-HOST2",
  ];
  assert.deepEqual(jumps(saved.join("\n")), all.filter((line) => !line.endsWith("FROM")));
});

Deno.test("removal() takes every jump and chain of this bridge, and none of another's", () => {
  const other = installation({ ...SETTINGS, bridge: "viperbr1" }, "").replaceAll("-I ", "-A ");
  assert.equal(removal(SETTINGS, other), "");
  const own = installation(SETTINGS, "").replaceAll("-I ", "-A ").replaceAll(" - [", " - [");
  const lines = removal(SETTINGS, `${own}${other}`).split("\n");
  assert.equal(lines.filter((line) => line.startsWith("-D ")).length, 4);
  assert.equal(lines.filter((line) => line.startsWith("-X ")).length, 4);
  assert.ok(lines.every((line) => !line.includes("viperbr1")));
});

Deno.test("installation() names chains that iptables takes, for the longest bridge name", () => {
  const input = installation({ ...SETTINGS, bridge: "b".repeat(15) }, "");
  for (const [, name = ""] of input.matchAll(/^:(\S+)/gm)) assert.ok(name.length <= 28, name);
});
