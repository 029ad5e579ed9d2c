/// <reference lib="dom" />
/**
 * Functions that run inside the page, on the element that is to be acted on: each is sent as text,
 * so it stands by itself and uses nothing but its arguments and the page's globals.
 *
 * @module
 */
import { plain } from "../plain.ts";
import type { Look, Point } from "./in_page.ts";

/**
 * Scrolls the element into view and tells where to act on it, in its frame's viewport, or what
 * stands against it: it has to be visible, enabled, still for two frames, and be what the pointer
 * hits. `position` is from the element's upper left corner; its centre when `null`.
 */
export async function whereToAct(element: Element, position: Point | null): Promise<Look<Point>> {
  const blocked = (reason: string) => ({ state: "blocked" as const, reason });
  const describe = (covering: Element) => {
    const { localName, id, className } = plain(covering);
    return `<${localName}${id ? ` id="${id}"` : ""}` +
      `${typeof className === "string" && className ? ` class="${className}"` : ""}>`;
  };
  const boxOf = () =>
    [...plain(element).getClientRects()].find(({ width, height }) => width * height > 0);
  const pointIn = ({ left, top, width, height }: DOMRect) => ({
    x: left + (position?.x ?? width / 2),
    y: top + (position?.y ?? height / 2),
  });
  const inViewport = ({ x, y }: Point) => x >= 0 && y >= 0 && x < innerWidth && y < innerHeight;

  if (!plain(element).isConnected) return blocked("it is not attached to the page any more");
  const first = boxOf();
  if (first === undefined) return blocked("it is not visible: it has no size");
  if (!plain(element).checkVisibility({ visibilityProperty: true })) {
    return blocked("it is not visible: its style hides it");
  }
  const isAriaDisabled = plain(element).closest('[aria-disabled="true"]') !== null;
  if (isAriaDisabled || plain(element).matches(":disabled")) {
    return blocked("it is disabled");
  }
  const frames = async (count: number) => {
    for (let frame = 0; frame < count; frame++) await new Promise(requestAnimationFrame);
  };
  if (!inViewport(pointIn(first))) {
    plain(element).scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    // What `content-visibility: auto` skipped is drawn, with another size, a frame later.
    await frames(2);
  }

  const before = boxOf();
  await frames(2);
  const after = boxOf();
  if (before === undefined || after === undefined) return blocked("it is not visible any more");
  const still = (["left", "top", "width", "height"] as const).every((side) =>
    Math.abs(before[side] - after[side]) < 0.5
  );
  if (!still) return blocked("it is moving");

  const point = pointIn(after);
  const what = position === null ? "its centre" : "that position";
  let hit = document.elementFromPoint(point.x, point.y);
  while (hit !== null) {
    const inner: Element | null = plain(hit).shadowRoot?.elementFromPoint(point.x, point.y) ?? null;
    if (inner === null || inner === hit) break;
    hit = inner;
  }
  if (hit === null) return blocked(`${what} is outside the viewport`);
  if (plain(hit).closest("label")?.control === element) return { state: "found", value: point };
  for (let node: Node | null = hit; node !== null;) {
    if (node === element) return { state: "found", value: point };
    node = plain(node).parentNode ?? (node instanceof ShadowRoot ? node.host : null);
  }
  return plain(hit).contains(element)
    ? blocked(`it lets clicks through to ${describe(hit)}`)
    : blocked(`it is covered by ${describe(hit)}`);
}

/**
 * On the element that holds a frame: from a place in the frame's viewport to the same place in the
 * viewport around it, when nothing lies over it there. Transforms are not followed.
 */
export function throughFrame(owner: Element, inside: Point): Look<Point> {
  const { left, top } = owner.getBoundingClientRect();
  const style = getComputedStyle(owner);
  const x = left + owner.clientLeft + parseFloat(style.paddingLeft) + inside.x;
  const y = top + owner.clientTop + parseFloat(style.paddingTop) + inside.y;
  const describe = (covering: Element) => {
    const { localName, id, className } = plain(covering);
    return `<${localName}${id ? ` id="${id}"` : ""}` +
      `${typeof className === "string" && className ? ` class="${className}"` : ""}>`;
  };
  if (x < 0 || y < 0 || x >= innerWidth || y >= innerHeight) {
    owner.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    return { state: "blocked", reason: "its frame is outside the viewport" };
  }
  let hit = document.elementFromPoint(x, y);
  while (hit !== null) {
    const inner: Element | null = plain(hit).shadowRoot?.elementFromPoint(x, y) ?? null;
    if (inner === null || inner === hit) break;
    hit = inner;
  }
  if (hit === owner) return { state: "found", value: { x, y } };
  const reason = hit === null ? "outside the viewport" : `covered by ${describe(hit)}`;
  return { state: "blocked", reason: `its frame is ${reason}` };
}
