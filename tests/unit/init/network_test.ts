/** The shell functions that apply the kernel's command line, run as the guest runs them. */
import { equal, notEqual } from "node:assert/strict";
import { denoHost } from "../../../host/deno_host.ts";

const host = denoHost({ log: () => {} });
const LIBRARY = new URL("../../../init/network.sh", import.meta.url).pathname;
// The guest's own shell where the machine has it; the functions are plain POSIX.
const SHELL = (await host.run("test:busybox", ["sh", "-c", "command -v busybox || true"])).stdout
  ? ["busybox", "sh"]
  : ["sh"];

async function shell(text: string, ...args: string[]) {
  const argv = [...SHELL, "-c", `. "$0"; ${text}`, LIBRARY, ...args];
  return await host.run("test:shell", argv, { okCodes: [0, 1] });
}

const PRINT =
  'parse_ip "$1" && echo "$net_address|$net_gateway|$net_prefix|$net_host|$net_interface"';

for (
  const [title, value, expected] of [
    [
      "keeps the place of the empty second field",
      "192.168.127.15::192.168.127.1:255.255.255.0:vm-a:eth0:off",
      "192.168.127.15|192.168.127.1|24|vm-a|eth0",
    ],
    [
      "passes over a server",
      "10.0.0.2:10.0.0.9:10.0.0.1:255.255.0.0:b:ens3:off",
      "10.0.0.2|10.0.0.1|16|b|ens3",
    ],
    [
      "takes no gateway and no host name",
      "10.0.0.2:::255.255.255.252::eth1:off",
      "10.0.0.2||30||eth1",
    ],
    [
      "takes eth0 when no interface is named",
      "10.0.0.2::10.0.0.1:255.0.0.0",
      "10.0.0.2|10.0.0.1|8||eth0",
    ],
    [
      "does not expand patterns",
      "10.0.0.2::10.0.0.1:255.0.0.0:*:eth0",
      "10.0.0.2|10.0.0.1|8|*|eth0",
    ],
  ] as const
) {
  Deno.test(`parse_ip ${title}`, async () => {
    equal((await shell(PRINT, value)).stdout.trim(), expected);
  });
}

for (
  const value of [
    "",
    "dhcp",
    "::10.0.0.1:255.0.0.0",
    "10.0.0.2::10.0.0.1:",
    "10.0.0.2::10.0.0.1:24",
  ]
) {
  Deno.test(`parse_ip refuses "${value}"`, async () => {
    notEqual((await shell(PRINT, value)).code, 0);
  });
}

Deno.test("parse_ip leaves patterns of the caller alone", async () => {
  equal((await shell('parse_ip "1.2.3.4:::255.0.0.0"; cd / && echo et[c]')).stdout.trim(), "etc");
});

for (let prefix = 0; prefix <= 32; prefix++) {
  const bits = "1".repeat(prefix).padEnd(32, "0");
  const mask = [0, 8, 16, 24].map((at) => parseInt(bits.slice(at, at + 8), 2)).join(".");
  Deno.test(`prefix_of gives ${prefix} for ${mask}`, async () => {
    equal((await shell('prefix_of "$1"', mask)).stdout.trim(), String(prefix));
  });
}

for (
  const mask of [
    "255.0.255.0",
    "255.255.255",
    "255.255.255.0.0",
    "255.253.0.0",
    "a.b.c.d",
    "-1.0.0.0",
  ]
) {
  Deno.test(`prefix_of refuses ${mask}`, async () => {
    notEqual((await shell('prefix_of "$1"', mask)).code, 0);
  });
}

Deno.test("cmdline_value takes the last of equal words and only whole words", async () => {
  const line = "quiet xip=9 ip=1 ip.x=3 ip=2:a=b panic=1";
  equal((await shell('cmdline_value ip "$1"', line)).stdout, "2:a=b\n");
  notEqual((await shell('cmdline_value dns "$1"', line)).code, 0);
});

Deno.test("resolv_conf lists the name servers, or the gateway when there are none", async () => {
  const text = 'resolv_conf "$1" "$2"';
  equal(
    (await shell(text, "9.9.9.9,1.1.1.1", "10.0.0.1")).stdout,
    "nameserver 9.9.9.9\nnameserver 1.1.1.1\n",
  );
  equal((await shell(text, "", "10.0.0.1")).stdout, "nameserver 10.0.0.1\n");
});
