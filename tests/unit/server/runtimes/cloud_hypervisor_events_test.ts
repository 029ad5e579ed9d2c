/** Events are cut out of a stream that has no lines, however it is cut itself. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type CloudHypervisorEvent,
  EventParser,
} from "../../../../server/runtimes/cloud_hypervisor_events.ts";

const event: fc.Arbitrary<CloudHypervisorEvent> = fc.record({
  source: fc.string({ unit: "grapheme" }),
  event: fc.oneof(fc.constantFrom("booted", '"}{\\', "{", "\\"), fc.string()),
  properties: fc.option(
    fc.dictionary(fc.string().filter((key) => key !== "__proto__"), fc.string()),
  ),
});

/** As Cloud Hypervisor writes it, with a time that Viper does not read. */
function written({ source, event, properties }: CloudHypervisorEvent): string {
  const timestamp = { secs: 0, nanos: 128_220 };
  return `${JSON.stringify({ timestamp, source, event, properties }, null, 2)}\n\n`;
}

function parse(chunks: readonly string[]): CloudHypervisorEvent[] {
  const parser = new EventParser();
  return chunks.flatMap((chunk) => parser.push(chunk));
}

function cut(text: string, places: readonly number[]): string[] {
  const at = [0, ...places.map((place) => place % (text.length + 1)), text.length]
    .sort((a, b) => a - b);
  return at.slice(1).map((end, index) => text.slice(at[index], end));
}

Deno.test("EventParser gives the same events however the text is cut", () => {
  fc.assert(fc.property(fc.array(event), fc.array(fc.nat()), (events, places) => {
    const text = events.map(written).join("");
    assert.deepEqual(parse(cut(text, places)), JSON.parse(JSON.stringify(events)));
  }));
});

Deno.test("EventParser survives any text and finds the event behind a closed one", () => {
  const booted = { source: "vm", event: "booted", properties: null };
  fc.assert(fc.property(fc.string(), (noise) => {
    parse([noise]);
    const harmless = noise.replaceAll(/[{}"\\]/g, "");
    assert.deepEqual(parse([harmless + written(booted) + harmless]), [booted]);
  }));
});

Deno.test("EventParser skips what is no event", () => {
  const booted = { source: "vm", event: "booted", properties: null };
  const bad = ["{}", "{x}", '{"source": 1, "event": "a"}', '{"a": {"source": "b", "event": "c"}}'];
  for (const text of bad) assert.deepEqual(parse([text, written(booted)]), [booted], text);
});

Deno.test("EventParser gives an event up that has no end, and goes on behind it", () => {
  const booted = { source: "vm", event: "booted", properties: null };
  const endless = `{"source": "${"x".repeat(20_000)}`;
  assert.deepEqual(parse([endless, written(booted)]), [booted]);
});
