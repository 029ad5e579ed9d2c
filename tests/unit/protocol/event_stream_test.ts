/** Event streams, cut anywhere. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { readEventStream } from "../../../protocol/event_stream.ts";
import { type EventGap, eventType, type VmEvent } from "../../../protocol/events.ts";
import { vmStatus } from "../../../protocol/vms.ts";

const event: fc.Arbitrary<VmEvent> = fc.record({
  seq: fc.nat(),
  type: fc.constantFrom(...eventType.options),
  name: fc.string({ unit: "grapheme" }),
  vm_id: fc.string(),
  status: fc.constantFrom(...vmStatus.options),
  message: fc.string({ unit: "binary" }),
  timestamp: fc.constant("2024-01-01T00:00:00.000Z"),
}, { requiredKeys: ["seq", "type", "name", "vm_id", "status", "timestamp"] });
const gap: fc.Arbitrary<EventGap> = fc.record({
  type: fc.constant("gap" as const),
  from: fc.nat(),
  to: fc.nat(),
});
const NOISE = [
  ...["retry: 2000\n\n", ": ping\n\n", "id: 5\n\n"],
  'id: 6\nevent: VM_OF_A_LATER_VERSION\ndata: {"type":"VM_OF_A_LATER_VERSION","seq":"x"}\n\n',
];

/** A stream of the bytes, cut at the given places. */
function cut(bytes: Uint8Array, places: readonly number[]): ReadableStream<Uint8Array> {
  const edges = [...new Set([0, ...places.map((at) => at % (bytes.length + 1)), bytes.length])]
    .sort((one, other) => one - other);
  return ReadableStream.from(
    edges.slice(1).map((end, at) => bytes.subarray(edges[at], end)),
  );
}

async function read(stream: ReadableStream<Uint8Array>): Promise<unknown[]> {
  return await Array.fromAsync(readEventStream(stream));
}

Deno.test("readEventStream() reads events wherever the stream is cut, past comments", async () => {
  const frames = fc.array(
    fc.oneof(fc.tuple(fc.oneof(event, gap)), fc.constantFrom(...NOISE)),
    { maxLength: 8 },
  );
  await fc.assert(fc.asyncProperty(frames, fc.array(fc.nat()), async (all, places) => {
    const text = all.map((frame) => {
      if (typeof frame === "string") return frame;
      const [told] = frame;
      const id = told.type === "gap" ? told.to : told.seq;
      return `id: ${id}\nevent: ${told.type}\ndata: ${JSON.stringify(told)}\n\n`;
    }).join("");
    const expected = all.filter((frame) => typeof frame !== "string").map(([told]) => told);
    const sent = new TextEncoder().encode(text);
    assert.deepEqual(await read(cut(sent, places)), JSON.parse(JSON.stringify(expected)));
  }));
});

Deno.test("readEventStream() drops a frame that the stream's end cut off", async () => {
  const bytes = new TextEncoder().encode('id: 1\nevent: gap\ndata: {"type":"gap","from":1,"to":');
  assert.deepEqual(await read(cut(bytes, [])), []);
});

Deno.test("readEventStream() refuses a frame without end and an event that is none", async () => {
  const endless = ReadableStream.from(
    Array(20).fill(new TextEncoder().encode("x".repeat(100_000))),
  );
  await assert.rejects(read(endless), /it has no end/);
  const odd = new TextEncoder().encode('data: {"type":"VM_RUNNING"}\n\n');
  await assert.rejects(read(cut(odd, [])));
});
