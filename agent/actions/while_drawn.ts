/** Reading a frame while what is off its screen is drawn, too. */
import type { Deadline } from "../deadline.ts";
import type { PageFrame } from "../frames.ts";
import { callInFrame, isMovedOn, worldOf } from "../world.ts";
import { hideOffscreen, KEPT_SIZES_MAX, revealOffscreen } from "./offscreen.ts";

/** `read` is told whether anything is drawn that was not before. */
export async function whileDrawn<T>(
  frame: PageFrame,
  deadline: Deadline,
  read: (isMore: boolean) => Promise<T>,
): Promise<T> {
  const contextId = await worldOf(frame, deadline);
  const isMore = await callInFrame(frame, deadline, revealOffscreen, KEPT_SIZES_MAX);
  try {
    return await read(isMore);
  } finally {
    if (isMore) await takeBack(frame, contextId, deadline);
  }
}

/** It is sent also when time is up: the page must not stay as it was made. */
async function takeBack({ cdp }: PageFrame, contextId: number, deadline: Deadline): Promise<void> {
  const sent = cdp.send("Runtime.evaluate", { contextId, expression: `(${hideOffscreen})()` });
  try {
    await deadline.race("the page to answer", sent);
  } catch (error) {
    // A page that moved on took the style sheets along.
    if (!isMovedOn(error)) throw error;
  }
}
