/**
 * Goal: boundaries between messages are found wherever chunks end. Method: random messages, some
 * in fragments and with control frames in between, against places known from their making.
 */
import assert from "node:assert/strict";
import * as fc from "fast-check";
import { FrameScan } from "../../../protocol/frame_scan.ts";
import { OPCODE, serverFrame } from "../../../protocol/websocket_frames.ts";

const FINAL_BIT = 0x80;

Deno.test("FrameScan.push() tells the last boundary in each chunk", () => {
  const message = fc.record({
    sizes: fc.array(fc.constantFrom(0, 1, 125, 126, 200, 65_536), { minLength: 1, maxLength: 3 }),
    hasPing: fc.boolean(),
  });
  const cuts = fc.array(fc.nat({ max: 200_000 }), { maxLength: 10 });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 4 }), cuts, (messages, places) => {
      const bytes: number[] = [];
      const boundaries = [0];
      for (const { sizes, hasPing } of messages) {
        sizes.forEach((size, index) => {
          if (hasPing && index > 0) bytes.push(...serverFrame(OPCODE.ping, new Uint8Array(3)));
          const frame = serverFrame(
            index === 0 ? OPCODE.text : OPCODE.continuation,
            new Uint8Array(size),
          );
          if (index < sizes.length - 1) frame[0] = (frame[0] as number) & ~FINAL_BIT;
          for (const byte of frame) bytes.push(byte);
        });
        boundaries.push(bytes.length);
      }
      const scan = new FrameScan();
      const all = Uint8Array.from(bytes);
      const ends = [...new Set([0, ...places.filter((at) => at < all.length), all.length])];
      ends.sort((one, other) => one - other);
      for (let at = 1; at < ends.length; at++) {
        const [from, to] = [ends[at - 1] as number, ends[at] as number];
        const last = boundaries.findLast((place) => place >= from && place <= to);
        const told = scan.push(all.slice(from, to));
        assert.equal(told, last === undefined ? -1 : last - from);
      }
    }),
    { numRuns: 50 },
  );
});
