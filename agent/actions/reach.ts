/** From a target to an element that can be acted on, and the place to do it. */
import type { Target } from "../../protocol/target.ts";
import type { ActionContext } from "../action_runner.ts";
import type { PageElement } from "../page_element.ts";
import { throughFrame, whereToAct } from "./actionable.ts";
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
  return await whenFound(targetName(target), context, async () => {
    const found = await findTarget(target, context);
    if (found.state !== "found") return found;
    using held = new DisposableStack();
    const element = held.use(found.value);
    const place = await placeOf(element, position);
    if (place.state !== "found") return place;
    const look = await also(element);
    if (look.state !== "found") return look;
    held.move();
    return { state: "found", value: { element, point: place.value } };
  });
}

const READY = { state: "found", value: true } as const;

/** The place in the page's viewport, when nothing lies over it in any frame around. */
async function placeOf(element: PageElement, position: Point | null): Promise<Look<Point>> {
  const inFrame = await element.call(whereToAct, position);
  if (inFrame.state !== "found") return inFrame;
  const owners = await element.frameOwners();
  using held = new DisposableStack();
  owners.forEach((owner) => held.use(owner));
  let place = inFrame;
  for (const owner of owners) {
    const look = await owner.call(throughFrame, place.value);
    if (look.state !== "found") return look;
    place = look;
  }
  return place;
}
