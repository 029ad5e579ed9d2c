/** Work on a page that may go away under it. */
import { ViperError } from "../protocol/problems.ts";
import type { Deadline } from "./deadline.ts";
import type { OpenPage } from "./open_page.ts";

/**
 * Does work on a page, and ends it with the page. The sessions of a page that goes away are ended
 * one by one before Chrome says that it is gone: what fails then is told as the page's end.
 *
 * @throws the deadline's reason when the page is gone, or else what the work throws
 */
export async function whileOpen<T>(
  open: OpenPage,
  deadline: Deadline,
  work: () => Promise<T>,
): Promise<T> {
  deadline.follow(open.gone);
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ViperError) && !await stands(open, deadline)) await untilGone(deadline);
    throw error;
  }
}

/** Whether the page is closed, or just about to be; one that crashed is not. */
export async function hasClosed(open: OpenPage, deadline: Deadline): Promise<boolean> {
  const { gone } = open;
  try {
    if (!gone.aborted && await stands(open, deadline)) return false;
    await untilGone(deadline);
  } catch {
    // The deadline follows the page's end, and may have others.
  }
  return gone.aborted && gone.reason instanceof ViperError && gone.reason.code === "page_not_found";
}

/** Ends with a deadline that follows the page, and never by itself. */
async function untilGone(deadline: Deadline): Promise<never> {
  return await deadline.race("the page to be gone", Promise.withResolvers<never>().promise);
}

/** Chrome answers this for a page that hangs, too. */
async function stands({ cdp }: OpenPage, deadline: Deadline): Promise<boolean> {
  const asked = cdp.send("Target.getTargetInfo").then(() => true, () => false);
  return await deadline.race("Chrome to tell of the page", asked);
}
