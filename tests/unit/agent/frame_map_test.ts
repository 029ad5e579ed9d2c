/**
 * Goal: a place in a frame is found in the frame around it, however that draws the frame.
 * Method: known placements, and a property over random ones.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { inwards, outwards, placementOf } from "../../../agent/frame_map.ts";

const SIZE = { x: 300, y: 150 };

const PLACED: [title: string, quad: number[], inside: [number, number], outside: number[]][] = [
  ["a frame as it is", [10, 20, 310, 20, 310, 170, 10, 170], [5, 7], [15, 27]],
  ["a frame at half its size", [10, 20, 160, 20, 160, 95, 10, 95], [100, 50], [60, 45]],
  ["a frame on its side", [150, 0, 150, 300, 0, 300, 0, 0], [30, 50], [100, 30]],
];

for (const [title, quad, [x, y], outside] of PLACED) {
  Deno.test(`outwards() follows ${title}`, () => {
    const place = outwards(placementOf(quad, SIZE), { x, y });
    assert.deepEqual([place.x, place.y], outside);
  });
}

Deno.test("inwards() undoes outwards()", () => {
  const near = fc.integer({ min: -2_000, max: 2_000 });
  const degrees = fc.integer({ min: 0, max: 359 });
  fc.assert(fc.property(near, near, near, near, degrees, (left, top, x, y, turn) => {
    const [cos, sin] = [Math.cos(turn * Math.PI / 180), Math.sin(turn * Math.PI / 180)];
    const corner = (x: number, y: number) => [left + x * cos - y * sin, top + x * sin + y * cos];
    const corners = [corner(0, 0), corner(SIZE.x, 0), corner(SIZE.x, SIZE.y), corner(0, SIZE.y)];
    const placement = placementOf(corners.flat(), SIZE);
    const back = inwards(placement, outwards(placement, { x, y }));
    assert(Math.abs(back.x - x) < 1e-6 && Math.abs(back.y - y) < 1e-6);
  }));
});

Deno.test("inwards() finds no place in a plane without area", () => {
  const { x, y } = inwards(placementOf([1, 1, 1, 1, 1, 1, 1, 1], SIZE), { x: 5, y: 5 });
  assert.deepEqual([Number.isFinite(x), Number.isFinite(y)], [false, false]);
});
