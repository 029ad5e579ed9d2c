/// <reference lib="dom" />
/** What all ways to another page have in common. */
import type { OutputOf } from "../../protocol/operation.ts";
import type { browserNavigate } from "../../protocol/pages.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { ActionContext } from "../action_runner.ts";
import type { Deadline } from "../deadline.ts";
import { callInDocument } from "../world.ts";

/** Chrome's word while one document takes the other's place, which it may already have told of. */
const BETWEEN_DOCUMENTS = /Not attached to an active page/;
const STANDS_PAUSE_MS = 10;

/** Sends a command that Chrome refuses for a moment after it has told of a new document. */
export async function onceItStands<T>(deadline: Deadline, send: () => Promise<T>): Promise<T> {
  while (true) {
    try {
      return await send();
    } catch (error) {
      if (!(error instanceof Error && BETWEEN_DOCUMENTS.test(error.message))) throw error;
      await deadline.pause("the page's document to stand", STANDS_PAUSE_MS);
    }
  }
}

/** Stops the page when time is up, and tells what Chrome refuses as `navigation_failed`. */
export async function whileGoing<T>(
  { cdp, deadline, loads }: ActionContext,
  go: () => Promise<T>,
): Promise<T> {
  const before = loads.count;
  try {
    return await go();
  } catch (error) {
    if (deadline.signal.aborted) {
      // Else the page would go on loading under the next action.
      cdp.send("Page.stopLoading").catch(() => {});
      throw loads.count > before ? withHint(deadline.signal.reason) : deadline.signal.reason;
    }
    if (error instanceof ViperError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ViperError("navigation_failed", `Cannot ${deadline.action}: ${reason}`, {
      cause: error,
    });
  }
}

/** A page that does not load to its end is there all the same. */
function withHint(reason: unknown): unknown {
  if (!(reason instanceof ViperError) || reason.code !== "timeout") return reason;
  return new ViperError("timeout", reason.message, { hint: HALF_LOADED, cause: reason });
}

const HALF_LOADED = "The page stands as far as it came: go on, or wait for less with wait_until";

/** Where the page is now. */
export async function placeOf(
  context: ActionContext,
  isNewDocument: boolean,
): Promise<OutputOf<typeof browserNavigate>> {
  context.loads.tell();
  // The page may go on by itself; where it is then is what is told.
  const { http_status, ...place } = await callInDocument(context, describePlace);
  const hasStatus = isNewDocument && http_status !== 0 && /^https?:/.test(place.url);
  return { status: "ok", ...place, ...(hasStatus ? { http_status } : {}) };
}

/** Runs in the page. */
function describePlace() {
  const [entry] = globalThis.performance.getEntriesByType("navigation");
  const http_status = (entry as PerformanceNavigationTiming | undefined)?.responseStatus ?? 0;
  return { url: location.href, title: document.title, http_status };
}
