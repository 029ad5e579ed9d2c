import assert from "node:assert/strict";
import type { Host } from "../../../../host/host.ts";
import { hostResolvers, reachableResolvers } from "../../../../server/network/resolvers.ts";

for (
  const [title, text, expected] of [
    ["keeps the order", "nameserver 10.0.0.2\nnameserver 10.0.0.1\n", ["10.0.0.2", "10.0.0.1"]],
    ["leaves out loopback", "nameserver 127.0.0.53\nnameserver 10.0.0.1", ["10.0.0.1"]],
    ["leaves out IPv6", "nameserver fe80::1%eth0\nnameserver ::1\n", []],
    ["passes over comments", "# nameserver 10.0.0.1\nsearch nameserver 10.0.0.2\n", []],
    ["passes over what is no address", "nameserver viper.dns\nnameserver 1.2.3\nnameserver\n", []],
    ["takes three", "nameserver 9.9.9.9\n".repeat(5), ["9.9.9.9", "9.9.9.9", "9.9.9.9"]],
    ["takes tabs", "nameserver\t10.0.0.1 # home\n", ["10.0.0.1"]],
  ] as const
) {
  Deno.test(`reachableResolvers() ${title}`, () => {
    assert.deepEqual(reachableResolvers(text), expected);
  });
}

function hostWith(files: Record<string, string>): Host {
  return {
    files: {
      readText: (_label: string, path: string) =>
        path in files ? Promise.resolve(files[path]) : Promise.reject(new Error("absent")),
    },
  } as never;
}

Deno.test("hostResolvers() asks behind a resolver on loopback", async () => {
  const stub = { "/etc/resolv.conf": "nameserver 127.0.0.53\n" };
  assert.deepEqual(await hostResolvers(hostWith(stub)), []);
  const behind = { ...stub, "/run/systemd/resolve/resolv.conf": "nameserver 10.0.0.1\n" };
  assert.deepEqual(await hostResolvers(hostWith(behind)), ["10.0.0.1"]);
  assert.deepEqual(await hostResolvers(hostWith({})), []);
});
