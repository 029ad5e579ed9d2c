/** What the real daemon says of itself while a VM lives, over HTTP as Prometheus asks. */
import assert from "node:assert/strict";
import { type DaemonProcess, startDaemon } from "../daemon_process.ts";
import { type Family, readPrometheusText, seriesOf, valueOf } from "../prometheus_text.ts";

const WAIT_MS = 30_000;
const LOCAL = ["--runtime", "local", "--guest-port", "0"];
/** Of the page that is opened: no figure may carry it. */
const SECRET = "a-secret-in-a-url";

async function scrape(daemon: DaemonProcess): Promise<ReadonlyMap<string, Family>> {
  const { key } = await daemon.client.keys.create({ name: crypto.randomUUID(), role: "viewer" });
  const headers = { authorization: `Bearer ${key}` };
  const response = await daemon.fetch("/metrics", { headers });
  assert.equal(response.status, 200);
  const text = await response.text();
  assert.doesNotMatch(text, new RegExp([key, daemon.apiKey, SECRET, "watched-vm"].join("|")));
  return readPrometheusText(text);
}

Deno.test("viper serve moves its counters with a VM's life, and its gauges back", async () => {
  await using daemon = await startDaemon(LOCAL);
  const startedMs = performance.now();
  const before = await scrape(daemon);
  await daemon.client.vms.create({ name: "watched-vm" });
  await daemon.client.vms.wait({ name: "watched-vm", timeout_ms: WAIT_MS });
  const browser = daemon.client.browser("watched-vm");
  await browser.navigate({ url: `data:text/html,<h1>${SECRET}</h1>` });
  await browser.evaluate({ expression: "1 + 1" });
  await assert.rejects(browser.evaluate({ expression: "nope()" }));
  const during = await scrape(daemon);
  await daemon.client.vms.delete({ name: "watched-vm" });
  const after = await scrape(daemon);

  const moved = (key: string, families = after) => {
    let first = 0;
    try {
      first = valueOf(before, key);
    } catch {
      // A labelled series begins with its first event.
    }
    return valueOf(families, key) - first;
  };
  const vms = 'viper_vms{status="running"}';
  assert.deepEqual([moved(vms, during), moved(vms)], [1, 0]);
  for (const name of ["viper_cpu_used_cores", "viper_memory_used_bytes"]) {
    assert.ok(moved(name, during) > 0, name);
    assert.equal(moved(name), 0, name);
  }
  assert.equal(moved('viper_vm_starts_total{outcome="ready"}'), 1);
  for (const type of ["VM_CREATED", "VM_STARTING", "VM_RUNNING", "VM_DELETED"]) {
    assert.equal(moved(`viper_events_total{type="${type}"}`), 1, type);
  }
  const sum = (name: string, labels: string) => moved(`${name}_sum{${labels}}`);
  const [prepare = 0, boot = 0, agent = 0] = ["prepare", "boot", "agent"].map((phase) =>
    sum("viper_vm_boot_phase_seconds", `phase="${phase}"`)
  );
  assert.ok(prepare > 0 && agent > 0 && boot >= agent, `${prepare} ${boot} ${agent}`);
  const evaluate = 'operation="browser.evaluate"';
  assert.equal(moved(`viper_http_requests_total{${evaluate},status="2xx"}`), 1);
  assert.equal(moved(`viper_http_requests_total{${evaluate},status="4xx"}`), 1);
  assert.equal(moved(`viper_agent_request_duration_seconds_count{${evaluate}}`), 2);
  const overhead = sum("viper_http_request_duration_seconds", evaluate) -
    sum("viper_agent_request_duration_seconds", evaluate);
  const tookS = (performance.now() - startedMs) / 1_000;
  assert.ok(overhead > 0 && overhead < tookS, `the daemon's own part is ${overhead} s`);
  assert.ok(moved("process_cpu_seconds_total") > 0);
  assert.ok(valueOf(after, "process_resident_memory_bytes") > 1e7);
  assert.ok(valueOf(after, "viper_database_bytes") > 0);
  assert.ok(seriesOf(after).length < 400, `${seriesOf(after).length} series`);
});
