/** Waiting until something is true of a page, whichever document it has by then. */
import { ViperError } from "../../protocol/problems.ts";
import type { ActionContext } from "../action_runner.ts";
import { quote } from "../quote.ts";
import { PageMovedOn } from "../world.ts";

/** Between two looks; a person notices nothing below 100 ms. */
const LOOK_PAUSE_MS = 50;

/** What a look at the page came to. */
export type Met<T> =
  | { readonly isMet: true; readonly value: T }
  /** `seen` tells what it was instead. */
  | { readonly isMet: false; readonly seen: string };

/**
 * Looks until it is met. A page that navigates away meanwhile is looked at again.
 *
 * @throws {ViperError} `timeout`, with what was seen last; what the look throws
 */
export async function untilMet<T>(
  { deadline, dialogs }: ActionContext,
  look: () => Promise<Met<T>>,
): Promise<T> {
  let seen = "the page did not answer";
  try {
    while (true) {
      try {
        const met = await look();
        if (met.isMet) return met.value;
        seen = met.seen;
      } catch (error) {
        if (!(error instanceof PageMovedOn)) throw error;
        seen = "the page went elsewhere";
      }
      await deadline.pause(seen, LOOK_PAUSE_MS);
    }
  } catch (error) {
    if (!(error instanceof ViperError) || error.code !== "timeout") throw error;
    const { open } = dialogs;
    const stopped = open === null ? "" : `, and the ${open.type} ${quote(open.message)} stops it`;
    const { action, timeoutMs } = deadline;
    throw new ViperError("timeout", `Cannot ${action} within ${timeoutMs} ms: ${seen}${stopped}`);
  }
}
