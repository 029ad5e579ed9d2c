import assert from "node:assert/strict";
import { vmRow } from "../store/vm_row.ts";
import { denoHost } from "../../../../host/deno_host.ts";
import { instance } from "../../../../protocol/guest.ts";
import { vmsCreate } from "../../../../protocol/vm_operations.ts";
import { instanceOf, kernelCommandLine, newRow } from "../../../../server/vms/spec.ts";
import { FakeClock } from "../../../fake_clock.ts";

const host = { ...denoHost({ log: () => {} }), clock: new FakeClock() };
const ADDRESS = { ip: "10.0.0.2", gateway: "10.0.0.1", netmask: "255.255.255.0" };
const WORDS = "console=ttyS0 reboot=k panic=1 quiet ";

Deno.test("kernelCommandLine() is golden without and with words of the user", () => {
  const ip = "ip=10.0.0.2::10.0.0.1:255.255.255.0:one:eth0:off";
  const of = (kernel_cmdline: string | null) =>
    kernelCommandLine({ name: "one", kernel_cmdline }, ADDRESS, []);
  assert.equal(of(null), WORDS + ip);
  assert.equal(of("debug nokaslr"), `${WORDS}${ip} debug nokaslr`);
  assert.equal(of("  "), WORDS + ip);
});

Deno.test("kernelCommandLine() names resolvers ahead of the user's words, which win", () => {
  const row = { name: "one", kernel_cmdline: "viper.dns=9.9.9.9" };
  const line = kernelCommandLine(row, ADDRESS, ["10.0.0.8", "10.0.0.9"]);
  assert.match(line, / viper\.dns=10\.0\.0\.8,10\.0\.0\.9 viper\.dns=9\.9\.9\.9$/);
});

const DEFAULTS = { cpuCores: 2, memoryMb: 2_048, egress: "internet" } as const;

Deno.test("newRow() is pending, dated by the clock and has a secret of 256 bits of its own", () => {
  const input = vmsCreate.input.parse({ name: "one" });
  const [row, other] = [0, 1].map(() =>
    newRow(host, input, { name: "qemu", accel: "tcg" }, DEFAULTS)
  );
  assert.ok(row !== undefined && other !== undefined);
  assert.deepEqual([row.status, row.pid, row.reason], ["pending", null, null]);
  assert.deepEqual([row.cpu_cores, row.memory_mb, row.layout], [2, 2048, "disk"]);
  assert.equal(row.created_at, "2024-01-01T00:00:00.000Z");
  assert.match(row.token, /^[0-9a-f]{64}$/);
  assert.notEqual(row.token, other.token);
  assert.notEqual(row.id, other.id);
});

Deno.test("instanceOf() listens on the lease, or on any port of loopback without one", () => {
  const row = { ...vmRow("id"), name: "one" };
  const leased = instanceOf(row, "10.0.0.2", "http://10.0.0.1:7778");
  assert.deepEqual(leased.listen, { hostname: "10.0.0.2", port: 8080 });
  const local = instanceOf(row, null, "http://127.0.0.1:7778");
  assert.deepEqual(local.listen, { hostname: "127.0.0.1", port: 0 });
  for (const made of [leased, local]) assert.deepEqual(instance.parse(made), made);
});

Deno.test("newRow() keeps what the creator decided, and instanceOf() tells the guest of it", () => {
  const input = vmsCreate.input.parse({
    name: "one",
    ...{ cpu_cores: 3, memory_mb: 512, ttl_ms: 5_000, idle_timeout_ms: 6_000 },
    ...{ labels: { team: "web" }, restart_policy: "on_crash", egress: ["10.0.0.0/8"] },
    environment: { A: "b", TZ: "UTC" },
    chrome: { timezone: "Europe/Berlin", locale: "de", viewport: { width: 8, height: 9 } },
  });
  const row = newRow(host, input, { name: "qemu", accel: "tcg" }, DEFAULTS);
  assert.deepEqual([row.cpu_cores, row.memory_mb, row.labels], [3, 512, { team: "web" }]);
  assert.equal(row.expires_at, "2024-01-01T00:00:05.000Z");
  const { environment, chrome } = instanceOf(row, "10.0.0.2", "http://10.0.0.1:7778");
  // The time zone that was asked for by its name beats the variable.
  assert.deepEqual(environment, { A: "b", TZ: "Europe/Berlin" });
  assert.deepEqual(chrome.viewport, { width: 8, height: 9, scale: 1 });
  assert.ok(chrome.args.includes("--lang=de"));
  const { settings } = row;
  assert.deepEqual([settings.egress, settings.idle_timeout_ms], [["10.0.0.0/8"], 6_000]);
});
