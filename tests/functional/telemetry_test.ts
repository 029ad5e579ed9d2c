/** The real daemon with Deno's OpenTelemetry on, and a stand-in for a collector. */
import assert from "node:assert/strict";
import { METRICS } from "../../server/metrics/definitions.ts";
import { startDaemon } from "../daemon_process.ts";
import { otlpReceiver, type ReceivedSpan } from "../otlp_receiver.ts";
import { until } from "../until.ts";

const WAIT_MS = 30_000;
const LOCAL = ["--runtime", "local", "--guest-port", "0"];
/** A trace that began at the client: its id, and the client's span. */
const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const CLIENT_SPAN_ID = "b7ad6b7169203331";

/** Whether the span is part of the other, however far down. */
function isWithin(spans: readonly ReceivedSpan[], span: ReceivedSpan, ancestor: string): boolean {
  if (span.parentSpanId === ancestor) return true;
  const parent = spans.find(({ spanId }) => spanId === span.parentSpanId);
  return parent !== undefined && isWithin(spans, parent, ancestor);
}

Deno.test("viper serve exports spans and figures over OTLP, a trace from client to action", async () => {
  await using collector = otlpReceiver();
  await using daemon = await startDaemon(LOCAL, undefined, [], collector.env);
  const { spans, figures } = collector;
  const named = (name: string) => spans.filter((span) => span.name === name);

  await daemon.client.vms.create({ name: "a" });
  await daemon.client.vms.wait({ name: "a", timeout_ms: WAIT_MS });
  const response = await daemon.fetch("/api/v1/vms/a/agent/v1/script/evaluate", {
    method: "POST",
    headers: {
      "content-type": "application/json",
      traceparent: `00-${TRACE_ID}-${CLIENT_SPAN_ID}-01`,
    },
    body: JSON.stringify({ expression: "1 + 1" }),
  });
  assert.deepEqual(await response.json(), { result: 2 });

  await until("the action", () => named("action").length > 0, WAIT_MS);
  await until("the request's spans", () => named("browser.evaluate").length === 2, WAIT_MS);
  const [action] = named("action");
  assert.ok(action !== undefined && isWithin(spans, action, CLIENT_SPAN_ID));
  const asked = named("browser.evaluate").find((span) => span.parentSpanId === CLIENT_SPAN_ID);
  assert.ok(asked !== undefined, "the daemon's span is the client's child");
  const answered = named("browser.evaluate").find((span) => span !== asked);
  assert.ok(answered !== undefined && isWithin(spans, answered, asked.spanId));
  assert.ok(isWithin(spans, action, answered.spanId), "the action is within the agent's request");
  assert.deepEqual([asked.traceId, action.traceId], [TRACE_ID, TRACE_ID]);
  assert.equal(asked.attributes["http.route"], "/api/v1/vms/:name/agent/v1/script/evaluate");

  const forwarded = await daemon.fetch("/api/v1/vms/a/agent/v1/devtools", {
    headers: { traceparent: `00-${TRACE_ID}-${CLIENT_SPAN_ID}-01` },
  });
  assert.equal(typeof (await forwarded.json()).websocket_url, "string");
  await until("the raw request", () => named("GET /v1/devtools").length > 0, WAIT_MS);
  await until("its way there", () => named("GET /api/v1/vms/:name/agent/*").length > 0, WAIT_MS);
  const [passedOn] = named("GET /v1/devtools");
  const [taken] = named("GET /api/v1/vms/:name/agent/*");
  assert.equal(taken?.parentSpanId, CLIENT_SPAN_ID);
  assert.ok(passedOn !== undefined && isWithin(spans, passedOn, taken.spanId));

  await until("the start", () => named("vm.start").length > 0, WAIT_MS);
  const [start] = named("vm.start");
  const [created] = named("vms.create");
  assert.ok(start !== undefined && start.parentSpanId === created?.spanId);
  for (const phase of ["prepare", "boot", "agent"]) {
    await until(phase, () => named(phase).length === 1, WAIT_MS);
    assert.ok(isWithin(spans, named(phase)[0]!, start.spanId), phase);
  }

  const wanted = Object.keys(METRICS).filter((name) =>
    // What has not happened is not sent, and a runtime without a network of ours has no leases.
    !["viper_leases", "viper_network_repairs_total"].includes(name)
  );
  await until("all figures", () => wanted.every((name) => figures.has(name)), WAIT_MS);
});
