/**
 * Goal: a page's measures say what happened to it, and a trace holds what the browser did between
 * its start and its stop.
 * Method: a real agent and Chrome; a page that paints, shifts and works on purpose.
 */
import assert from "node:assert/strict";
import { ViperError } from "../../protocol/problems.ts";
import { serveSite, startAgent } from "./agent_fixture.ts";
import { reached } from "./reached.ts";

const SITE = {
  "/": `<title>Page</title><link rel="icon" href="data:,">
    <div id="spacer"></div><h1 id="hero" style="font-size: 80px">A large text of a page</h1>
    <button id="slow" onclick="const t = performance.now(); while (performance.now() - t < 200);">
    Slow</button>
    <script>
      addEventListener("load", () => setTimeout(() => {
        document.querySelector("#spacer").style.height = "200px";
        const t = performance.now(); while (performance.now() - t < 120);
      }, 200));
    </script>`,
  "/moved": () => new Response(null, { status: 302, headers: { location: "/" } }),
};

Deno.test("metrics() tells of a page's way here, its vitals and its work", async () => {
  await using agent = await startAgent();
  await using site = serveSite(SITE);
  const { client } = agent;
  const blank = await client.metrics({});
  assert.equal(blank.vitals.largest_contentful_paint_ms, undefined);
  assert.equal(blank.vitals.cumulative_layout_shift, 0);

  await client.navigate({ url: `${site.url}/moved` });
  const { url, navigation, vitals, work } = await reached(async () => {
    const measured = await client.metrics({});
    const { cumulative_layout_shift, largest_contentful_paint_ms, total_blocking_ms } =
      measured.vitals;
    const isPainted = largest_contentful_paint_ms !== undefined && cumulative_layout_shift > 0;
    return isPainted && total_blocking_ms >= 60 ? measured : undefined;
  });
  assert.equal(url, `${site.url}/`);
  assert.ok(navigation !== undefined);
  assert.equal(navigation.type, "navigate");
  assert.equal(navigation.redirects, 1);
  assert.equal(navigation.protocol, "http/1.1");
  assert.ok(navigation.body_bytes > 400);
  const { response_start_ms, response_end_ms, dom_interactive_ms, load_ms = 0 } = navigation;
  const steps = [0, response_start_ms, response_end_ms, dom_interactive_ms, load_ms];
  assert.deepEqual(steps, steps.toSorted((one, other) => one - other));
  assert.equal(vitals.largest_contentful_paint_element, "h1#hero");
  const { first_contentful_paint_ms = NaN, largest_contentful_paint_ms = NaN } = vitals;
  assert.ok(largest_contentful_paint_ms >= first_contentful_paint_ms);
  assert.ok(vitals.cumulative_layout_shift < 1);
  assert.equal(vitals.longest_interaction_ms, undefined);
  assert.ok(work.nodes > 5 && work.layouts > 0 && work.script_ms > 0 && work.heap_used_bytes > 0);

  await client.click({ selector: "#slow" });
  // On a busy machine the press before it may count, too, and is told first.
  await reached(async () => {
    const { longest_interaction_ms = 0 } = (await client.metrics({})).vitals;
    return longest_interaction_ms >= 150 || undefined;
  });
});

/** The events of a gzipped trace. */
async function eventsOf(data: Uint8Array<ArrayBuffer>): Promise<{ cat: string; name: string }[]> {
  const unzipped = new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip"));
  return (await new Response(unzipped).json()).traceEvents;
}

Deno.test("traceStop() answers with what was recorded, once, whole or cut", async (t) => {
  await using agent = await startAgent();
  await using site = serveSite(SITE);
  const { client } = agent;
  const refused = async (call: Promise<unknown>, code: string) => {
    const error = await call.catch((error) => error);
    assert(error instanceof ViperError, String(error));
    assert.equal(error.code, code);
  };
  await t.step("as JSON", async () => {
    await refused(client.traceStop({}), "trace_not_running");
    await client.traceStart({});
    await refused(client.traceStart({}), "trace_running");
    await client.navigate({ url: `${site.url}/` });
    await client.evaluate({ expression: "performance.mark('here'), 1" });
    const { data, byte_length, is_cut } = await client.traceStop({});
    const bytes = Uint8Array.fromBase64(data);
    assert.deepEqual([bytes.length, is_cut], [byte_length, false]);
    const events = await eventsOf(bytes);
    assert.ok(events.some(({ name }) => name === "here"));
    assert.ok(events.some(({ name }) => name === "Layout"));
    await refused(client.traceStop({}), "trace_not_running");
  });
  await t.step("as bytes, of the categories that were asked for", async () => {
    await client.traceStart({ categories: ["blink.user_timing"], screenshots: true });
    await client.evaluate({ expression: "performance.mark('here'), 1" });
    const response = await agent.signedFetch(`${agent.baseUrl}/v1/browser/trace-stop`, {
      method: "POST",
      headers: { accept: "application/gzip", "content-type": "application/json" },
      body: "{}",
    });
    assert.equal(response.headers.get("content-type"), "application/gzip");
    const events = await eventsOf(await response.bytes());
    assert.ok(events.some(({ name }) => name === "here"));
    assert.ok(!events.some(({ cat }) => cat.includes("devtools.timeline")));
  });
  await t.step("cut where the buffer was full", async () => {
    await client.traceStart({ buffer_mb: 1, categories: ["*"] });
    await client.navigate({ url: `${site.url}/` });
    await client.evaluate({
      expression: "Array.from({ length: 50000 }, (_, i) => performance.mark('m' + i)).length",
    });
    const { is_cut, byte_length } = await client.traceStop({});
    assert.ok(is_cut, String(byte_length));
  });
  await t.step("for one of many that ask at once", async () => {
    const asked = await Promise.allSettled(Array.from({ length: 8 }, () => client.traceStart({})));
    assert.equal(asked.filter(({ status }) => status === "fulfilled").length, 1);
    assert.ok((await client.traceStop({})).byte_length > 0);
  });
  await t.step(
    "refused where a category is none",
    () => refused(client.traceStart({ categories: ["a b"] }), "invalid_request"),
  );
});
