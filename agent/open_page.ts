import type { CDPSession, Page } from "puppeteer-core";
import type { PageRecord } from "./records/page_record.ts";
import type { Refs } from "./refs.ts";

/** A page that actions can be done on. */
export interface OpenPage {
  /** DevTools' id of its target. */
  readonly id: string;
  readonly page: Page;
  /** A DevTools session of our own on the page, for what puppeteer has no words for. */
  readonly cdp: CDPSession;
  readonly refs: Refs;
  readonly record: PageRecord;
  /** Aborted when the page has crashed or was closed. */
  readonly gone: AbortSignal;
}
