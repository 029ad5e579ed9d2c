/** Waiting for what an action starts, and for no more than that. */
import type { CDPSession, Protocol } from "puppeteer-core";
import type { ActionContext } from "../action_runner.ts";
import { hasClosed } from "../while_open.ts";
import { callInPage, PageMovedOn } from "../world.ts";

/**
 * Acts, and when that begins to load another page, waits until its document is read
 * (DOMContentLoaded); when it opens a page, until that is there. Without either it returns as soon
 * as the page has taken the action.
 */
export async function withWhatItStarts<T>(
  context: ActionContext,
  act: () => Promise<T>,
): Promise<T> {
  const { page, cdp, deadline, downloads } = context;
  await deadline.race("the page to answer", cdp.send("Page.enable"));
  using navigation = new Navigation(cdp);
  const { promise: opened, resolve } = Promise.withResolvers<void>();
  let isOpen = false;
  const onTarget = () => {
    isOpen = true;
    resolve();
  };
  const { begun } = downloads;
  const browser = page.browser();
  browser.on("targetcreated", onTarget);
  try {
    const result = await act();
    // Events that the action has caused come before the answer to what is asked after it.
    try {
      await callInPage(context, () => 0);
    } catch (error) {
      if (!(error instanceof PageMovedOn)) throw error;
    }
    if (navigation.hasBegun) {
      await deadline.race("the page that this begins to load", navigation.ended);
    }
    // A page that turns out to be a file goes away before it is there.
    while (navigation.opensPage && !isOpen && downloads.begun === begun) {
      const either = Promise.race([opened, downloads.changed()]);
      await deadline.race("the page that this opens", either);
    }
    return result;
  } finally {
    browser.off("targetcreated", onTarget);
  }
}

/**
 * The same where a dialog may come of it, in the page or in one that it opens, or the page's own
 * end: by then the page has taken the action, and it goes on when the dialog is answered.
 */
export async function withDialogItStarts(
  context: ActionContext,
  act: () => Promise<void>,
): Promise<void> {
  using popups = context.dialogs.guardPopups(context.deadline);
  try {
    await withWhatItStarts(context, act);
  } catch (error) {
    if (context.dialogs.open !== null || popups.isAsking) return;
    if (!await hasClosed(context, context.deadline)) throw error;
  }
}

/** Whether the page's own frame goes elsewhere. */
class Navigation implements Disposable {
  readonly #cdp: CDPSession;
  readonly #listeners = new DisposableStack();
  readonly #end = Promise.withResolvers<void>();
  #begun: string | null = null;
  #committed = false;
  #opensPage = false;

  constructor(cdp: CDPSession) {
    this.#cdp = cdp;
    const begins = (event: { frameId: string }) => this.#begun ??= event.frameId;
    this.#on("Page.frameScheduledNavigation", begins);
    this.#on("Page.frameRequestedNavigation", ({ frameId, disposition }) => {
      if (disposition === "currentTab") begins({ frameId });
      else {
        // What was scheduled is for another page, such as of a link that met the middle button.
        if (this.#begun === frameId) this.#begun = null;
        if (disposition !== "download") this.#opensPage = true;
      }
    });
    this.#on("Page.frameStartedNavigating", begins);
    this.#on("Page.windowOpen", () => this.#opensPage = true);
    this.#on("Page.frameNavigated", ({ frame }) => {
      if (frame.id === this.#begun) this.#committed = true;
    });
    this.#on("Page.navigatedWithinDocument", (event) => this.#endOf(event));
    this.#on("Page.domContentEventFired", () => this.#committed && this.#end.resolve());
    // Without a new document too, such as for a download.
    this.#on("Page.frameStoppedLoading", (event) => this.#endOf(event));
  }

  get hasBegun(): boolean {
    return this.#begun !== null;
  }

  get opensPage(): boolean {
    return this.#opensPage;
  }

  /** Resolves when the new document is read, or there will be none. */
  get ended(): Promise<void> {
    return this.#end.promise;
  }

  [Symbol.dispose](): void {
    this.#listeners.dispose();
  }

  #endOf({ frameId }: { frameId: string }): void {
    if (frameId === this.#begun) this.#end.resolve();
  }

  #on<Name extends keyof PageEvents>(name: Name, listener: (event: PageEvents[Name]) => void) {
    this.#cdp.on(name, listener as (event: unknown) => void);
    this.#listeners.defer(() => void this.#cdp.off(name, listener as (event: unknown) => void));
  }
}

interface PageEvents {
  "Page.frameScheduledNavigation": Protocol.Page.FrameScheduledNavigationEvent;
  "Page.frameRequestedNavigation": Protocol.Page.FrameRequestedNavigationEvent;
  "Page.frameStartedNavigating": Protocol.Page.FrameStartedNavigatingEvent;
  "Page.frameNavigated": Protocol.Page.FrameNavigatedEvent;
  "Page.navigatedWithinDocument": Protocol.Page.NavigatedWithinDocumentEvent;
  "Page.domContentEventFired": Protocol.Page.DomContentEventFiredEvent;
  "Page.frameStoppedLoading": Protocol.Page.FrameStoppedLoadingEvent;
  "Page.windowOpen": Protocol.Page.WindowOpenEvent;
}
