import type { Handlers } from "../protocol/operation.ts";
import type { pageOperations } from "../protocol/pages.ts";
import type { BrowserHandlerOf, Call, HandlerOf } from "./action_runner.ts";
import {
  acceptDialog,
  dismissDialog,
  listDialogs,
  setDialogPolicy,
} from "./actions/answer_dialogs.ts";
import { goInHistory, navigate, reload, waitNavigation } from "./actions/navigate.ts";
import { activatePage, closePage, listPages } from "./actions/open_pages.ts";
import { quote } from "./quote.ts";

/** Operations about pages. */
export function pageHandlers(
  handler: HandlerOf,
  browserHandler: BrowserHandlerOf,
): Handlers<typeof pageOperations, Call> {
  const navigating = handler(({ url }) => `navigate to ${quote(url)}`, navigate);
  const adding = browserHandler(
    () => "open a page",
    async (_: { timeout_ms: number }, { pages, deadline }) =>
      await deadline.race("a new page", pages.add(deadline.action)),
  );
  return {
    navigate: navigating,
    reload: handler(() => "reload the page", reload),
    back: handler(() => "go back", goInHistory(-1)),
    forward: handler(() => "go forward", goInHistory(1)),
    waitNavigation: handler(() => "wait for a navigation", waitNavigation),
    pagesList: browserHandler(() => "list the pages", listPages),
    pagesNew: async ({ url = "about:blank", ...input }, call) => {
      const { id } = await adding(input, call);
      return { id, ...await navigating({ ...input, url, page: id }, call) };
    },
    pagesActivate: browserHandler(({ page }) => `activate the page ${quote(page)}`, activatePage),
    pagesClose: browserHandler(({ page }) => `close the page ${quote(page)}`, closePage),
    dialogsList: browserHandler(() => "list the dialogs", listDialogs),
    dialogsAccept: browserHandler(() => "accept the dialog", acceptDialog),
    dialogsDismiss: browserHandler(() => "dismiss the dialog", dismissDialog),
    dialogsPolicy: browserHandler(() => "set what happens with dialogs", setDialogPolicy),
  };
}
