import assert from "node:assert/strict";
import { kernelIpArgument } from "../../../../server/network/kernel_ip.ts";

Deno.test("kernelIpArgument() leaves the boot server empty, so that each field lands in its place", () => {
  const argument = kernelIpArgument({
    ip: "192.168.127.2",
    gateway: "192.168.127.1",
    netmask: "255.255.255.0",
    hostname: "shop",
  });
  assert.equal(argument, "ip=192.168.127.2::192.168.127.1:255.255.255.0:shop:eth0:off");
});
