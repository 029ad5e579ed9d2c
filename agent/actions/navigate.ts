import type {
  browserBack,
  browserNavigate,
  browserReload,
  browserWaitNavigation,
} from "../../protocol/pages.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { ActionContext } from "../action_runner.ts";
import { downloadBegun } from "../downloads/begun.ts";
import { onceItStands, placeOf, whileGoing } from "./going.ts";

/** Loads a URL. */
export async function navigate(
  { url, wait_until }: ParsedOf<typeof browserNavigate>,
  context: ActionContext,
): Promise<OutputOf<typeof browserNavigate>> {
  const { cdp, loads, deadline, downloads, id } = context;
  return await whileGoing(context, async () => {
    const before = downloads.lastOf(id)?.id;
    const going = onceItStands(deadline, () => cdp.send("Page.navigate", { url }));
    const { loaderId, errorText, isDownload } = await loads.starting(going, deadline);
    // A page's own frame goes by the id of its target.
    if (isDownload) throw await downloadBegun(downloads, id, before, deadline);
    if (errorText !== undefined && !HAS_ANSWER.test(errorText)) {
      // Its error page is on its way still. What is aborted shows none.
      if (loaderId !== undefined && !ABORTED.test(errorText)) {
        await loads.reachLoader("commit", loaderId, deadline);
      }
      throw notLoaded(errorText, context);
    }
    // Without a loader it was to a place within the document.
    if (loaderId === undefined) return await placeOf(context, false);
    await loads.reachLoader(wait_until, loaderId, deadline);
    return await placeOf(context, true);
  });
}

/** An error status with an empty body: Chrome shows a page of its own, and there was an answer. */
const HAS_ANSWER = /ERR_HTTP_RESPONSE_CODE_FAILURE/;
/** No content, or another navigation: the page stays. */
const ABORTED = /ERR_ABORTED/;

/** Loads the page again. */
export async function reload(
  { ignore_cache, wait_until }: ParsedOf<typeof browserReload>,
  context: ActionContext,
): Promise<OutputOf<typeof browserReload>> {
  const { cdp, loads, deadline } = context;
  return await whileGoing(context, async () => {
    const before = loads.count;
    const reloading = () => cdp.send("Page.reload", { ignoreCache: ignore_cache });
    await loads.starting(onceItStands(deadline, reloading), deadline);
    await loads.reach(wait_until, before, deadline);
    return await arrived(context);
  });
}

/** Goes so many steps forward in the history, or back. */
export function goInHistory(steps: -1 | 1) {
  return async (
    { wait_until }: ParsedOf<typeof browserBack>,
    context: ActionContext,
  ): Promise<OutputOf<typeof browserBack>> => {
    const { cdp, loads, deadline } = context;
    return await whileGoing(context, async () => {
      const { currentIndex, entries } = await deadline.race(
        "the page's history",
        onceItStands(deadline, () => cdp.send("Page.getNavigationHistory")),
      );
      const entry = entries[currentIndex + steps];
      if (entry === undefined) {
        const reason = `no page is ${steps < 0 ? "before" : "behind"} this one`;
        throw new ViperError("history_end_reached", `Cannot ${deadline.action}: ${reason}`);
      }
      const before = loads.count;
      const going = cdp.send("Page.navigateToHistoryEntry", { entryId: entry.id });
      await loads.starting(going, deadline);
      await loads.reach(wait_until, before, deadline);
      return await arrived(context);
    });
  };
}

/** Waits for a navigation that nobody was told of yet. */
export async function waitNavigation(
  { wait_until }: ParsedOf<typeof browserWaitNavigation>,
  context: ActionContext,
): Promise<OutputOf<typeof browserWaitNavigation>> {
  await context.loads.reach(wait_until, context.loads.told, context.deadline);
  return await arrived(context);
}

async function arrived(context: ActionContext) {
  const { failedUrl } = context.loads;
  if (failedUrl !== undefined) throw notLoaded(`"${failedUrl}" has no answer`, context);
  return await placeOf(context, true);
}

/** With Chrome's own word, such as ERR_NAME_NOT_RESOLVED, where there is one. */
function notLoaded(reason: string, { deadline, loads }: ActionContext): ViperError {
  loads.tell();
  const word = /net::(ERR_\w+)/.exec(reason)?.[1] ?? reason;
  const hint = HINTS.find(([pattern]) => pattern.test(word))?.[1];
  const options = hint === undefined ? {} : { hint };
  return new ViperError("navigation_failed", `Cannot ${deadline.action}: ${word}`, options);
}

/** What to do about Chrome's words. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [ABORTED, "The server sent no content, or another navigation began: the page is as it was"],
  [
    /ERR_CERT_/,
    "Make the VM with the site's authority in chrome.ca_certificates, or with " +
    "--ignore-certificate-errors in chrome.flags",
  ],
  [
    /ERR_(NAME_NOT_RESOLVED|CONNECTION_|ADDRESS_|INTERNET_|TIMED_OUT)/,
    "Look at the address, and whether the VM's egress lets it go there; 127.0.0.1 is the VM itself",
  ],
  [/ERR_BLOCKED_BY_CLIENT/, "The page's blocked_urls or a mock are against it"],
];
