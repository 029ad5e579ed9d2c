/** From a target to an element that can be acted on, and the place to do it. */
import type { Target } from "../../protocol/target.ts";
import type { ActionContext } from "../action_runner.ts";
import type { PageElement } from "../page_element.ts";
import { isOpenAt, scrollTo, showFrame, whereToAct } from "./actionable.ts";
import { whenFound } from "./element.ts";
import type { Look, Point } from "./in_page.ts";
import { findTarget, targetName } from "./target.ts";

/** An element that was ready; dispose it when it is done with. */
export interface Reached {
  readonly element: PageElement;
  /** In the page's viewport, in CSS pixels. */
  readonly point: Point;
}

/**
 * Waits until the element is attached, visible, enabled, still and not covered, and, where a
 * function is given, until that finds what it looks for, too.
 *
 * @throws {ViperError} `ref_not_found` and `selector_invalid` at once; when the time is over
 * `element_not_found` or `element_not_actionable` by what was seen last, or `timeout`
 */
export async function reach(
  target: Target,
  context: ActionContext,
  position: Point | null = null,
  also: (element: PageElement) => Promise<Look<unknown>> = () => Promise.resolve(READY),
): Promise<Reached> {
  let looks = 0;
  return await whenFound(targetName(target), context, async (see) => {
    const mayScroll = looks++ % LOOKS_A_SCROLL === 0;
    const found = await findTarget(target, context);
    if (found.state !== "found") return found;
    using held = new DisposableStack();
    const element = held.use(found.value);
    const first = await placeNow(element, position);
    if (first.state === "blocked") see(first);
    const place = mayScroll ? await placeIfScrolled(element, position, first) : first;
    if (place.state !== "found") return place;
    const look = await also(element);
    if (look.state !== "found") return look;
    held.move();
    return { state: "found", value: { element, point: place.value } };
  });
}

/** An element under something that may go away is scrolled to with the first look and each 20th. */
const LOOKS_A_SCROLL = 20;

const READY = { state: "found", value: true } as const;

/** The place in the page's viewport, scrolled to where nothing lies over it in any frame around. */
async function placeIfScrolled(
  element: PageElement,
  position: Point | null,
  first: Look<Point>,
): Promise<Look<Point>> {
  if (first.state !== "blocked" || !first.isOutOfReach) return first;
  // A bar that stays at an edge of the screen lies over some of these places only.
  for (const part of ["center", "end", "start"] as const) {
    const look = await placeAfterScroll(element, position, part);
    if (look.state !== "blocked" || !look.isOutOfReach) return look;
  }
  return await placeAfterScroll(element, position, "center");
}

async function placeAfterScroll(
  element: PageElement,
  position: Point | null,
  part: "center" | "end" | "start",
): Promise<Look<Point>> {
  await element.call(scrollTo, part);
  const look = await placeNow(element, position);
  if (position === null || look.state !== "blocked" || !look.isOutOfReach) return look;
  // The element is on the screen, and larger than that.
  await element.scrollTo(position);
  return await placeNow(element, position);
}

/** The place in the page's viewport, when nothing lies over it in any frame around. */
async function placeNow(element: PageElement, position: Point | null): Promise<Look<Point>> {
  const shown = await showFrames(element);
  if (shown.state !== "found") return shown;
  let place = await element.call(whereToAct, position);
  if (place.state !== "found") return place;
  const steps = await element.frameSteps();
  using held = new DisposableStack();
  for (const { owner } of steps) held.use(owner);
  for (const { owner, out } of steps) {
    place = await owner.call(isOpenAt, out(place.value));
    if (place.state !== "found") return place;
  }
  return place;
}

/** Brings the frames around the element onto the screen, the outermost first. */
export async function showFrames(element: PageElement): Promise<Look<unknown>> {
  const owners = await element.frameOwners();
  using held = new DisposableStack();
  for (const owner of owners) held.use(owner);
  for (const owner of owners.toReversed()) {
    const look = await owner.call(showFrame);
    if (look.state !== "found") return look;
  }
  return READY;
}
