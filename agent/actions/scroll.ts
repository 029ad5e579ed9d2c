import type { browserScroll } from "../../protocol/act.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import { namesElement } from "../../protocol/target.ts";
import type { ActionContext } from "../action_runner.ts";
import { whenFound } from "./element.ts";
import { type Scrolled, scrollNear } from "./fields.ts";
import type { Look } from "./in_page.ts";
import { showFrames } from "./reach.ts";
import { findTarget, targetName } from "./target.ts";

/** Scrolls an element into view, or the page or what is around an element by so many pixels. */
export async function scroll(
  { x, y, ...target }: ParsedOf<typeof browserScroll>,
  context: ActionContext,
): Promise<OutputOf<typeof browserScroll>> {
  const isNamed = namesElement(target);
  const by = x === undefined && y === undefined && isNamed ? null : { x: x ?? 0, y: y ?? 0 };
  const near = isNamed ? target : { selector: "html" };
  const look = async (): Promise<Look<Scrolled>> => {
    const found = await findTarget(near, context);
    if (found.state !== "found") return found;
    using element = found.value;
    // A frame of another site is not drawn off the screen, and would never tell of the next frame.
    const shown = await showFrames(element);
    return shown.state === "found" ? await element.call(scrollNear, by) : shown;
  };
  return { status: "ok", ...await whenFound(targetName(near), context, look) };
}
