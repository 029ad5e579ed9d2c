/** From places in a frame's viewport to the same places in the frames around it. */
import type { Point } from "./actions/in_page.ts";

/** How one plane lies in another: where its origin is, and where a pixel right and one down lead. */
export interface Placement {
  readonly origin: Point;
  readonly right: Point;
  readonly down: Point;
}

/** A plane of that size, by its corners in the other: clockwise from the upper left, x then y. */
export function placementOf(
  quad: readonly number[],
  { x: width, y: height }: Point,
): Placement {
  const [x0 = 0, y0 = 0, x1 = 0, y1 = 0, , , x3 = 0, y3 = 0] = quad;
  return {
    origin: { x: x0, y: y0 },
    right: { x: (x1 - x0) / width, y: (y1 - y0) / width },
    down: { x: (x3 - x0) / height, y: (y3 - y0) / height },
  };
}

/** Where a place of the plane is in the other one. */
export function outwards({ origin, right, down }: Placement, { x, y }: Point): Point {
  return {
    x: origin.x + x * right.x + y * down.x,
    y: origin.y + x * right.y + y * down.y,
  };
}

/** Where a place of the other plane is in this one; no number where the plane has no area. */
export function inwards({ origin, right, down }: Placement, point: Point): Point {
  const [x, y] = [point.x - origin.x, point.y - origin.y];
  const area = right.x * down.y - right.y * down.x;
  return {
    x: (x * down.y - y * down.x) / area,
    y: (y * right.x - x * right.y) / area,
  };
}
