import assert from "node:assert/strict";
import { type Family, readPrometheusText, seriesOf, valueOf } from "../../../prometheus_text.ts";
import { type ApiWorld, apiWorld, assertProblem } from "./api_world.ts";

async function scrape(api: ApiWorld): Promise<ReadonlyMap<string, Family>> {
  const response = await api.request("/metrics");
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  return readPrometheusText(await response.text());
}

function requests(operation: string, status: string): string {
  return `viper_http_requests_total{operation="${operation}",status="${status}"}`;
}

Deno.test("GET /metrics counts requests by operation and class of status", async () => {
  await using api = await apiWorld();
  await api.post("/api/v1/vms", { name: "a" });
  await api.post("/api/v1/vms", { name: "a" });
  await api.request("/api/v1/vms/a");
  await api.request("/api/v1/vms/nobody");
  await api.request("/nowhere");
  await api.request("/api/v1/vms/a/agent/v1/anything?key=secret");
  const families = await scrape(api);
  assert.equal(valueOf(families, requests("vms.create", "2xx")), 1);
  assert.equal(valueOf(families, requests("vms.create", "4xx")), 1);
  assert.equal(valueOf(families, requests("vms.get", "2xx")), 1);
  assert.equal(valueOf(families, requests("vms.get", "4xx")), 1);
  assert.equal(valueOf(families, requests("agent.forward", "4xx")), 1);
  assert.equal(valueOf(families, requests("none", "4xx")), 1);
  const durations = 'viper_http_request_duration_seconds_count{operation="vms.get"}';
  assert.equal(valueOf(families, durations), 2);
  assert.equal(valueOf(await scrape(api), requests("metrics.read", "2xx")), 1);
});

Deno.test("GET /metrics has no series of a path, name or method that a client made up", async () => {
  await using api = await apiWorld();
  await api.request("/nowhere/0");
  await api.request("/api/v1/vms/nobody-0");
  await api.request("/api/v1/vms/nobody-0/agent/v1/browser/navigate", { method: "POST" });
  await api.request("/api/v1/vms", { method: "PUT" });
  await scrape(api);
  const before = seriesOf(await scrape(api));
  for (let at = 1; at < 50; at++) {
    await api.request(`/nowhere/${at}`);
    await api.request(`/api/v1/vms/nobody-${at}`);
    await api.request(`/api/v1/vms/nobody-${at}/agent/v1/browser/navigate`, { method: "POST" });
    await api.request("/api/v1/vms", { method: `M${at}` });
  }
  const after = seriesOf(await scrape(api));
  assert.deepEqual(after, before);
  assert.doesNotMatch(after.join("\n"), /nobody|nowhere/);
});

Deno.test("GET /metrics needs the role viewer, and takes nothing but GET", async () => {
  await using api = await apiWorld({ rules: { insecureLoopback: false } });
  await assertProblem(await api.request("/metrics"), "unauthorized");
  const { key } = api.keys.create({ name: "prometheus", role: "viewer" });
  const headers = { authorization: `Bearer ${key}` };
  const response = await api.request("/metrics", { headers });
  const families = readPrometheusText(await response.text());
  assert.equal(valueOf(families, requests("none", "4xx")), 1);
  assert.doesNotMatch(JSON.stringify([...families.keys()]), new RegExp(key));
  await assertProblem(
    await api.request("/metrics", { method: "POST", headers }),
    "method_not_allowed",
  );
});
