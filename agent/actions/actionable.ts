/// <reference lib="dom" />
/**
 * Functions that run inside the page, on the element that is to be acted on: each is sent as text,
 * so it stands by itself and uses nothing but its arguments and the page's globals.
 *
 * @module
 */
import { plain } from "../plain.ts";
import { withParts } from "../world.ts";
import type { Look, Point } from "./in_page.ts";

/**
 * Tells where to act on the element, in its frame's viewport, or what stands against it: it has to
 * be visible, enabled, still from one frame to the next, and be what the pointer hits.
 * `position` is from the element's upper left corner; its centre when `null`.
 */
export const whereToAct: (element: Element, position: Point | null) => Promise<Look<Point>> =
  withParts(lookAt, disablerOf, isAboutToMove, hitAt, parentOf, describe);

async function lookAt(element: Element, position: Point | null): Promise<Look<Point>> {
  const blocked = (reason: string) => ({ state: "blocked" as const, reason });
  const isBoxless = getComputedStyle(element).display === "contents";
  const boxOf = () => {
    const around = document.createRange();
    around.selectNodeContents(element);
    const boxes = (isBoxless ? around : plain(element)).getClientRects();
    return [...boxes].find(({ width, height }) => width * height > 0);
  };
  const pointIn = ({ left, top, width, height }: DOMRect) => ({
    x: left + (position?.x ?? width / 2),
    y: top + (position?.y ?? height / 2),
  });
  const inViewport = ({ x, y }: Point) => x >= 0 && y >= 0 && x < innerWidth && y < innerHeight;

  if (!plain(element).isConnected) return blocked("it is not attached to the page any more");
  const first = boxOf();
  if (first === undefined) return blocked("it is not visible: it has no size");
  if (!isBoxless && !plain(element).checkVisibility({ visibilityProperty: true })) {
    return blocked("it is not visible: its style hides it");
  }
  const disabler = disablerOf(element);
  if (disabler === element) return blocked("it is disabled");
  if (disabler !== null) return blocked(`it belongs to ${describe(disabler)}, which is disabled`);
  const what = position === null ? "its centre" : "that position";
  const outside = { ...blocked(`${what} is outside the viewport`), isOutOfReach: true };
  if (!inViewport(pointIn(first))) return outside;

  const frame = () => new Promise<number>(requestAnimationFrame);
  const beganMs = await frame();
  const before = boxOf();
  // A busy machine draws two frames for one time, or nearly, between which nothing moves.
  while (await frame() - beganMs < 10) continue;
  const after = boxOf();
  if (before === undefined || after === undefined) return blocked("it is not visible any more");
  const still = (["left", "top", "width", "height"] as const).every((side) =>
    Math.abs(before[side] - after[side]) < 0.1
  );
  if (!still || isAboutToMove(element)) return blocked("it is moving");

  const point = pointIn(after);
  const hit = hitAt(point);
  if (hit === null) return outside;
  if (plain(hit).closest("label")?.control === element) return { state: "found", value: point };
  for (let node: Node | null = hit; node !== null;) {
    if (node === element) return { state: "found", value: point };
    node = plain(node).parentNode ?? (node instanceof ShadowRoot ? node.host : null);
  }
  const inert = plain(element).closest("[inert]");
  if (inert !== null) return blocked(`it is inert, as ${describe(inert)} is`);
  const through = `it lets clicks through to ${describe(hit)}`;
  if (getComputedStyle(element).pointerEvents === "none") return blocked(through);
  const reason = plain(hit).contains(element) ? through : `it is covered by ${describe(hit)}`;
  return { ...blocked(reason), isOutOfReach: true };
}

/** Scrolls the element to that part of all that scrolls around it, and waits until it is drawn. */
export async function scrollTo(element: Element, part: "center" | "end" | "start"): Promise<void> {
  const isBoxless = getComputedStyle(element).display === "contents";
  const box = isBoxless && plain(element).firstElementChild || element;
  plain(box).scrollIntoView({ block: part, inline: part, behavior: "instant" });
  // What `content-visibility: auto` skipped is drawn, with another size, a frame later.
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
}

/**
 * On the element that holds a frame: brings it onto the screen. Chrome draws no frames of other
 * origins that are off it, and what waits there for the next drawing would wait for ever.
 */
export async function showFrame(owner: Element): Promise<Look<true>> {
  if (!plain(owner).checkVisibility({ visibilityProperty: true })) {
    return { state: "blocked", reason: "its frame is not visible: its style hides it" };
  }
  const { promise: isSeen, resolve } = Promise.withResolvers<boolean>();
  const observer = new IntersectionObserver((entries) =>
    resolve(entries.some(({ isIntersecting }) => isIntersecting))
  );
  observer.observe(owner);
  if (!await isSeen) {
    plain(owner).scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
  }
  observer.disconnect();
  return { state: "found", value: true };
}

/**
 * On the element that holds a frame: whether nothing lies over it at a place of the viewport around
 * it.
 */
export const isOpenAt: (owner: Element, point: Point) => Look<Point> = withParts(
  lookAtFrame,
  hitAt,
  describe,
);

function lookAtFrame(owner: Element, point: Point): Look<Point> {
  const { x, y } = point;
  const isInside = x >= 0 && y >= 0 && x < innerWidth && y < innerHeight;
  const hit = isInside ? hitAt(point) : null;
  if (hit === owner) return { state: "found", value: point };
  const reason = hit === null ? "outside the viewport" : `covered by ${describe(hit)}`;
  return { state: "blocked", reason: `its frame is ${reason}`, isOutOfReach: true };
}

/** What is disabled and makes the element so: itself, what it is a part of, or its label's field. */
function disablerOf(element: Element): Element | null {
  const controls = "button, input, select, textarea, option, optgroup";
  let isLabels = true;
  for (let node: Element | null = element; node !== null; node = parentOf(node)) {
    // What stands in a disabled set's legend is not disabled with the set.
    const isSet = node instanceof HTMLFieldSetElement && node !== element;
    if (!isSet && plain(node).matches(":disabled")) return node;
    if (plain(node).getAttribute("aria-disabled") === "true") return node;
    if (plain(node).matches(`${controls}, a[href]`)) isLabels = false;
    const field = isLabels && node instanceof HTMLLabelElement ? node.control : null;
    if (field?.matches(":disabled")) return field;
  }
  return null;
}

/**
 * Whether an animation of it, or of what it stands in, is yet to begin, which takes some frames.
 * One that goes by what is scrolled may never begin.
 */
function isAboutToMove(element: Element): boolean {
  const isPending = ({ pending, timeline }: Animation) => pending && timeline === document.timeline;
  for (let node: Element | null = element; node !== null; node = parentOf(node)) {
    if (plain(node).getAnimations().some(isPending)) return true;
  }
  return false;
}

/** The innermost element at a place of the viewport. */
function hitAt({ x, y }: Point): Element | null {
  let hit = document.elementFromPoint(x, y);
  while (hit !== null) {
    const inner: Element | null = plain(hit).shadowRoot?.elementFromPoint(x, y) ?? null;
    if (inner === null || inner === hit) break;
    hit = inner;
  }
  return hit;
}

/** The element around it, as the page is drawn. */
function parentOf(element: Element): Element | null {
  const around = plain(element).assignedSlot ?? plain(element).parentNode;
  return around instanceof ShadowRoot ? around.host : around instanceof Element ? around : null;
}

function describe(element: Element): string {
  const { localName, id, className } = plain(element);
  return `<${localName}${id ? ` id="${id}"` : ""}` +
    `${typeof className === "string" && className ? ` class="${className}"` : ""}>`;
}
