import assert from "node:assert/strict";
import { METRICS } from "../../../../server/metrics/definitions.ts";
import { Metrics } from "../../../../server/metrics/metrics.ts";
import { readPrometheusText, valueOf } from "../../../prometheus_text.ts";

async function read(metrics: Metrics) {
  return readPrometheusText(await metrics.text());
}

Deno.test("Metrics tells every figure of the table, with its type and help", async () => {
  const families = await read(new Metrics(null));
  assert.deepEqual([...families.keys()], Object.keys(METRICS));
  for (const [name, { kind, help }] of Object.entries(METRICS)) {
    const { type, help: told } = families.get(name)!;
    assert.deepEqual([type, told], [kind === "total" ? "counter" : kind, help]);
  }
});

Deno.test("Metrics names figures with their unit and labels that stay few", () => {
  for (const [name, { kind, labels }] of Object.entries(METRICS)) {
    assert.match(name, /^(viper|process)_[a-z_]+$/);
    assert.equal(name.endsWith("_total"), kind === "counter" || kind === "total", name);
    if (kind === "histogram") assert.match(name, /_seconds$/);
    assert.deepEqual(labels.filter((label) => /name|vm|url|key|path|id/.test(label)), [], name);
  }
});

Deno.test("Metrics counts, observes and reads anew each time", async () => {
  const metrics = new Metrics(null);
  let waiting = 3;
  metrics.addSource(() => [
    { name: "viper_create_queue", labels: {}, value: waiting },
    { name: "process_cpu_seconds_total", labels: {}, value: waiting },
  ]);
  metrics.count("viper_events_total", { type: "VM_LOG" }, 2);
  metrics.count("viper_events_total", { type: "VM_LOG" });
  metrics.observe("viper_agent_request_duration_seconds", { operation: "browser.click" }, 0.2);
  const first = await read(metrics);
  assert.equal(valueOf(first, 'viper_events_total{type="VM_LOG"}'), 3);
  const bucket = (le: string) =>
    valueOf(
      first,
      `viper_agent_request_duration_seconds_bucket{le="${le}",operation="browser.click"}`,
    );
  assert.deepEqual(["0.1", "0.25", "+Inf"].map(bucket), [0, 1, 1]);
  waiting = 1;
  const second = await read(metrics);
  assert.equal(valueOf(second, "viper_create_queue"), 1);
  assert.equal(valueOf(second, "process_cpu_seconds_total"), 1);
});

Deno.test("Metrics drops a series that its source no longer tells", async () => {
  const metrics = new Metrics(null);
  let version = "1";
  metrics.addSource(() => [
    { name: "viper_build_info", labels: { version, runtime: "qemu" }, value: 1 },
  ]);
  await metrics.text();
  version = "2";
  const samples = (await read(metrics)).get("viper_build_info")!.samples;
  assert.deepEqual([...samples.keys()], ['viper_build_info{version="2",runtime="qemu"}']);
});
