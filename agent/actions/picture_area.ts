/// <reference lib="dom" />
/** Which part of a page a picture is of. */
import type { CDPSession } from "puppeteer-core";
import type { browserScreenshot, Clip } from "../../protocol/capture.ts";
import type { ParsedOf } from "../../protocol/operation.ts";
import { ViperError } from "../../protocol/problems.ts";
import { namesElement, type Target } from "../../protocol/target.ts";
import type { ActionContext } from "../action_runner.ts";
import { plain } from "../plain.ts";
import type { Look } from "./in_page.ts";
import { onTarget } from "./target.ts";

/** A part of the page, in CSS pixels from its upper left corner. */
export interface Area {
  readonly clip: Clip;
  /** Whether some of it is outside the viewport. */
  readonly isBeyondViewport: boolean;
}

/** The area that is asked for; an element is waited for, and scrolled into view. */
export async function areaOf(
  input: ParsedOf<typeof browserScreenshot>,
  context: ActionContext,
  cdp: CDPSession,
): Promise<Area> {
  const box = namesElement(input) ? await elementBox(input, context) : null;
  const { content, view } = await layout(context, cdp);
  if (input.full_page) return { clip: content, isBeyondViewport: true };
  if (box !== null) {
    return within({ ...box, x: box.x + view.x, y: box.y + view.y }, content, view, context);
  }
  if (input.clip !== undefined) return within(input.clip, content, view, context);
  return { clip: view, isBeyondViewport: false };
}

/** What the page has, and what of it the viewport shows. */
async function layout({ deadline }: ActionContext, cdp: CDPSession) {
  const { cssContentSize, cssVisualViewport } = await deadline.race(
    "the page's layout",
    cdp.send("Page.getLayoutMetrics"),
  );
  const { pageX, pageY, clientWidth, clientHeight } = cssVisualViewport;
  const view: Clip = { x: pageX, y: pageY, width: clientWidth, height: clientHeight };
  // A page is never smaller than its viewport, whatever is in it.
  const content: Clip = {
    x: 0,
    y: 0,
    width: Math.max(cssContentSize.width, clientWidth),
    height: Math.max(cssContentSize.height, clientHeight),
  };
  return { content, view };
}

/** The clip on whole pixels, without what is outside the page. */
function within(clip: Clip, content: Clip, view: Clip, { deadline }: ActionContext): Area {
  const left = Math.max(Math.floor(clip.x), 0);
  const top = Math.max(Math.floor(clip.y), 0);
  const right = Math.min(Math.ceil(clip.x + clip.width), Math.ceil(content.width));
  const bottom = Math.min(Math.ceil(clip.y + clip.height), Math.ceil(content.height));
  if (right <= left || bottom <= top) {
    const size = `${Math.ceil(content.width)} by ${Math.ceil(content.height)} pixels`;
    throw new ViperError(
      "clip_outside_page",
      `Cannot ${deadline.action}: the page has ${size}, and none of them is in it`,
    );
  }
  const isInside = left >= view.x && top >= view.y && right <= view.x + view.width &&
    bottom <= view.y + view.height;
  return {
    clip: { x: left, y: top, width: right - left, height: bottom - top },
    isBeyondViewport: !isInside,
  };
}

/** In the page's viewport, once the element can be seen and stands still. */
async function elementBox(target: Target, context: ActionContext): Promise<Clip> {
  const { element, value } = await onTarget(target, context, boxInView);
  using held = new DisposableStack();
  held.use(element);
  const { x, y, width, height } = value;
  const [right, bottom] = [x + width, y + height];
  let corners = [{ x, y }, { x: right, y }, { x: right, y: bottom }, { x, y: bottom }];
  for (const { owner, out } of await element.frameSteps()) {
    held.use(owner);
    corners = corners.map(out);
  }
  const [xs, ys] = [corners.map(({ x }) => x), corners.map(({ y }) => y)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return { x: left, y: top, width: Math.max(...xs) - left, height: Math.max(...ys) - top };
}

/** Runs in the page: scrolls to the element and tells where it is then, in its frame's viewport. */
async function boxInView(element: Element): Promise<Look<Clip>> {
  const blocked = (reason: string) => ({ state: "blocked" as const, reason });
  const boxOf = () => {
    const { x, y, width, height } = plain(element).getBoundingClientRect();
    return { x, y, width, height };
  };
  const { width, height } = boxOf();
  if (width === 0 || height === 0) return blocked("it is not visible: it has no size");
  if (!plain(element).checkVisibility({ visibilityProperty: true })) {
    return blocked("it is not visible: its style hides it");
  }
  plain(element).scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
  const frame = () => new Promise<number>(requestAnimationFrame);
  const beganMs = await frame();
  const before = boxOf();
  // A busy machine draws two frames for one time, or nearly, between which nothing moves.
  while (await frame() - beganMs < 10) continue;
  const after = boxOf();
  const still = (["x", "y", "width", "height"] as const).every((side) =>
    Math.abs(before[side] - after[side]) < 0.5
  );
  return still ? { state: "found", value: after } : blocked("it is moving");
}
