/** Goal: frames survive any cutting. Method: properties, and RFC 6455's own examples. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeFrame, FrameDecoder, OPCODE } from "../../../protocol/websocket_frames.ts";

const hex = (text: string) => Uint8Array.from(text.split(" "), (byte) => parseInt(byte, 16));

/** As a server sends: a client's frame without its mask. */
function serverFrame(payload: Uint8Array): Uint8Array {
  const frame = encodeFrame(OPCODE.text, payload, new Uint8Array());
  frame[1] = (frame[1] as number) & 0x7f;
  return frame;
}

Deno.test("encodeFrame() masks as RFC 6455, section 5.7 shows", () => {
  assert.deepEqual(
    encodeFrame(OPCODE.text, new TextEncoder().encode("Hello"), hex("37 fa 21 3d")),
    hex("81 85 37 fa 21 3d 7f 9f 4d 51 58"),
  );
});

Deno.test("FrameDecoder.push() reads frames of every length form, however they are cut", () => {
  const length = fc.oneof(
    fc.integer({ min: 0, max: 130 }),
    fc.constantFrom(125, 126, 127, 65_535, 65_536, 70_000),
  );
  fc.assert(
    fc.property(fc.array(length, { maxLength: 5 }), fc.integer({ min: 1, max: 90_000 }), (
      lengths,
      chunkLength,
    ) => {
      const payloads = lengths.map((length, index) => new Uint8Array(length).fill(index + 1));
      const stream = Uint8Array.from(payloads.flatMap((payload) => [...serverFrame(payload)]));
      const decoder = new FrameDecoder(100_000);
      const frames = [];
      for (let at = 0; at < stream.length; at += chunkLength) {
        frames.push(...decoder.push(stream.subarray(at, at + chunkLength)));
      }
      assert.deepEqual(frames.map(({ payload }) => payload), payloads);
      assert(frames.every(({ final, opcode }) => final && opcode === OPCODE.text));
    }),
    { numRuns: 40 },
  );
});

Deno.test("FrameDecoder.push() reads the fragments of RFC 6455, section 5.7", () => {
  const frames = new FrameDecoder(100).push(hex("01 03 48 65 6c 80 02 6c 6f"));

  assert.deepEqual(frames.map(({ final, opcode }) => [final, opcode]), [[false, 1], [true, 0]]);
});

Deno.test("FrameDecoder.push() refuses a frame over its limit before it is there", () => {
  const decoder = new FrameDecoder(1_000);

  assert.throws(() => decoder.push(serverFrame(new Uint8Array(1_001)).subarray(0, 4)), RangeError);
});
