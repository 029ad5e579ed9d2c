/** What the operations of the browser inside a VM have in common: limits and pieces of schemas. */
import * as z from "zod";

/** The longest any browser operation may take, in milliseconds. */
export const ACTION_TIMEOUT_MS_MAX = 300_000;
export const URL_LENGTH_MAX = 65_536;
export const SELECTOR_LENGTH_MAX = 10_000;
export const TEXT_LENGTH_MAX = 1_000_000;
/** Bytes of JSON that evaluate, get-text and get-html may answer with. */
export const RESULT_BYTES_MAX = 32 * 1024 * 1024;

const TIMEOUT_WORDS = "Milliseconds that the action may take";
/** The bound of an action, in milliseconds. */
export const timeoutMs = z.int().min(1).max(ACTION_TIMEOUT_MS_MAX).default(30_000)
  .describe(TIMEOUT_WORDS);
/** The same where the input may stand in a query. */
export const queryTimeoutMs = z.coerce.number().int().min(1).max(ACTION_TIMEOUT_MS_MAX)
  .default(30_000).describe(TIMEOUT_WORDS);
export const selector = z.string().min(1).max(SELECTOR_LENGTH_MAX);
/** The answer of an action that has nothing to tell. */
export const done = z.object({ status: z.literal("ok") });
/** DevTools' id of a page, as pages.list tells it. */
export const pageId = z.string().regex(/^[0-9A-Za-z_-]{1,100}$/, "an id is letters and digits")
  .describe("Id of the page, as browser.pages_list tells it");
/** What every action on a page takes. */
export const actionFields = {
  page: pageId.optional()
    .describe("Id of the page to act on, as browser.pages_list tells it; left out: the active one"),
  timeout_ms: timeoutMs,
} as const;
/** The same of what can be on all pages as well as on one. */
export const oneOrAllPages = {
  page: pageId.optional()
    .describe("Id of the one page that it is about; left out: all pages, those to come too"),
  timeout_ms: timeoutMs,
} as const;
/** The problems that every action on a page may have. */
export const PAGE_ERRORS = [
  "page_not_found",
  "page_crashed",
  "timeout",
  "browser_unavailable",
] as const;
