/// <reference lib="dom" />
/** Reading what stands in the frames of a page, beside what stands in the page itself. */
import type { ActionContext } from "../action_runner.ts";
import { Deadline } from "../deadline.ts";
import { framesOf, type PageFrame } from "../frames.ts";
import { PageElement } from "../page_element.ts";
import { FRAME_TIMEOUT_MS } from "./frame_trees.ts";

/**
 * Where a function in a page notes the frames' elements that it came across, in their order. It is
 * our world's own: no element's id is a symbol.
 */
export interface Noted {
  [frames: symbol]: readonly Element[] | undefined;
}

/** How deep frames that are told may stand in each other. */
export const FRAMES_DEPTH_MAX = 10;

/** Sessions whose frames did not answer: nothing more is asked of them. */
export type Hanging = Set<PageFrame["cdp"]>;

/**
 * Reads a frame; `null` when it does not answer in time or goes away: frames come and go by
 * themselves, and what is left of the page is told all the same.
 */
export async function readFrame<T>(
  frame: PageFrame,
  hanging: Hanging,
  { clock, deadline }: ActionContext,
  read: (bound: Deadline) => Promise<T>,
): Promise<T | null> {
  if (hanging.has(frame.cdp)) return null;
  using bound = new Deadline(clock, deadline.action, FRAME_TIMEOUT_MS, [deadline.signal]);
  try {
    return await read(bound);
  } catch (error) {
    deadline.signal.throwIfAborted();
    if (!(error instanceof Error)) throw error;
    if (bound.signal.aborted) hanging.add(frame.cdp);
    return null;
  }
}

/** The frames that a function in a frame has just noted, with their places in its list. */
export async function notedFrames(
  frame: PageFrame,
  hanging: Hanging,
  context: ActionContext,
): Promise<{ readonly at: number; readonly inner: PageFrame }[]> {
  const found = [];
  for (const inner of framesOf(context.page, context.cdp)) {
    if (inner.parent?.frameId !== frame.frameId) continue;
    const at = await readFrame(frame, hanging, context, async (bound) => {
      const { backendNodeId } = await bound.race(
        "the page to answer",
        frame.cdp.send("DOM.getFrameOwner", { frameId: inner.frameId }),
      );
      using owner = await PageElement.ofNode(frame, backendNodeId, bound);
      return await owner?.call(placeAmongNoted);
    });
    if (typeof at === "number" && at >= 0) found.push({ at, inner });
  }
  return found.sort((one, other) => one.at - other.at);
}

/** Runs in the page. */
function placeAmongNoted(owner: Element): number {
  return (globalThis as Noted)[Symbol.for("viper.frames")]?.indexOf(owner) ?? -1;
}
