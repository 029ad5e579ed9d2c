/** What clients see of a row: all that they may, and no secret. */
import assert from "node:assert/strict";
import { vm } from "../../../../protocol/vms.ts";
import { labelsOf, wireVm } from "../../../../server/vms/wire_vm.ts";
import { vmRow } from "../store/vm_row.ts";

const ROW = {
  ...vmRow("00000000-0000-4000-8000-000000000000"),
  seq: 7,
  ip_address: null,
  name: "a",
};
const AT = "2024-01-01T00:00:00.000Z";

Deno.test("wireVm() is a VM by the schema, bare and with everything", () => {
  const full = {
    ...ROW,
    status: "running" as const,
    ...{ pid: 3, ip_address: "10.0.0.2", kernel_cmdline: "debug", reason: "why", restarts: 2 },
    ...{ expires_at: AT, started_at: AT, ready_at: AT, labels: { team: "web" } },
    settings: { ...ROW.settings, idle_timeout_ms: 1_000, egress: ["10.0.0.0/8"] },
  };
  for (const row of [ROW, full]) assert.deepEqual(vm.parse(wireVm(row)), wireVm(row));
  assert.deepEqual(wireVm(full).egress, ["10.0.0.0/8"]);
  assert.equal(wireVm(full).idle_timeout_ms, 1_000);
  for (const member of ["pid", "ip_address", "reason", "expires_at", "ready_at"]) {
    assert.ok(!(member in wireVm(ROW)), member);
    assert.ok(member in wireVm(full), member);
  }
});

Deno.test("wireVm() holds no key, no variable, no address of the agent and no proxy", () => {
  const secret = "s3cret";
  const text = JSON.stringify(wireVm({
    ...ROW,
    token: secret,
    agent_url: `http://${secret}`,
    start_ticks: 987_654,
    settings: {
      ...ROW.settings,
      environment: { PASSWORD: secret },
      chrome: { flags: [`--a=${secret}`], proxy: { server: secret, bypass: [] } },
    },
  }));
  assert.ok(!text.includes(secret), text);
  assert.ok(!text.includes("PASSWORD") && !text.includes("987654"), text);
});

Deno.test("wireVm() gives a local VM the loopback while it is live", () => {
  const local = { ...ROW, runtime: "local" as const };
  assert.equal(wireVm({ ...local, status: "running" }).ip_address, "127.0.0.1");
  assert.equal(wireVm({ ...local, status: "stopped" }).ip_address, undefined);
});

const TEXTS: readonly [string | undefined, [string, string][]][] = [
  [undefined, []],
  ["a=b", [["a", "b"]]],
  ["a=", [["a", ""]]],
  ["a=b,c=d", [["a", "b"], ["c", "d"]]],
  ["a=b,a=c", [["a", "b"], ["a", "c"]]],
  ["__proto__=x", [["__proto__", "x"]]],
];

for (const [text, pairs] of TEXTS) {
  Deno.test(`labelsOf() of ${text} is ${JSON.stringify(pairs)}`, () => {
    assert.deepEqual(labelsOf(text), pairs);
  });
}
