import type { CDPSession, Page } from "puppeteer-core";

/** A page that actions can be done on. */
export interface OpenPage {
  readonly page: Page;
  /** A DevTools session of our own on the page, for what puppeteer has no words for. */
  readonly cdp: CDPSession;
  /** Aborted when the page has crashed or was closed. */
  readonly gone: AbortSignal;
}
