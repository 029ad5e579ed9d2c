import type { browserNavigate } from "../../protocol/pages.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { ActionContext } from "../action_runner.ts";

/** Loads a URL and waits for the load event. */
export async function navigate(
  { url }: ParsedOf<typeof browserNavigate>,
  { page, cdp, deadline }: ActionContext,
): Promise<OutputOf<typeof browserNavigate>> {
  const going = page.goto(url, { waitUntil: "load", timeout: 0, signal: deadline.signal });
  try {
    const response = await deadline.race("the page's load event", going);
    const title = await deadline.race("the page's title", page.title());
    const status = /^https?:/i.test(response?.url() ?? "") ? response?.status() : undefined;
    return {
      status: "ok",
      url: page.url(),
      title,
      ...(status === undefined ? {} : { http_status: status }),
    };
  } catch (error) {
    if (deadline.signal.aborted) {
      // Else the page would go on loading under the next action.
      cdp.send("Page.stopLoading").catch(() => {});
      throw deadline.signal.reason;
    }
    throw new ViperError("navigation_failed", `Cannot ${deadline.action}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

/** Chrome's own word, such as ERR_NAME_NOT_RESOLVED, where there is one. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return /net::(ERR_\w+)/.exec(message)?.[1] ?? message;
}
