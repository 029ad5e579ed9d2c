/** The pages of the browser inside a VM: where they go, which there are, what they ask. */
import * as z from "zod";
import {
  actionFields,
  done,
  PAGE_ERRORS,
  pageId,
  queryTimeoutMs,
  TEXT_LENGTH_MAX,
  timeoutMs,
  URL_LENGTH_MAX,
} from "./browser.ts";
import { operation } from "./operation.ts";

const url = z.string().min(1).max(URL_LENGTH_MAX).regex(
  /^(https?|data|blob|about):/i,
  "a URL begins with http:, https:, data:, blob: or about:",
).describe("Where to go: a http, https, data, blob or about URL");

/** How far a page has to be. */
export const waitUntil = z.enum(["commit", "domcontentloaded", "load", "networkidle"])
  .default("load")
  .describe(
    "How far the page has to be: answered, parsed, loaded, or loaded and its network quiet",
  );
/** How far a page has to be. */
export type WaitUntil = z.output<typeof waitUntil>;

/** Where a page is, once it is there. */
const place = done.extend({
  url: z.string().describe("Where the page is, after redirects"),
  title: z.string(),
  http_status: z.int().optional()
    .describe("Status of the main document; absent where there was no HTTP answer"),
});

const GOING_ERRORS = [
  "navigation_failed",
  "dialog_open",
  ...PAGE_ERRORS,
] as const;

export const browserNavigate = operation({
  name: "browser.navigate",
  summary: "Load a URL in the active page and wait for the load event",
  http: { method: "POST", path: "/v1/browser/navigate", status: 200 },
  input: z.strictObject({ url, wait_until: waitUntil, ...actionFields }),
  output: place,
  errors: ["download_started", ...GOING_ERRORS],
});

export const browserReload = operation({
  name: "browser.reload",
  summary: "Load the active page again and wait for the load event",
  http: { method: "POST", path: "/v1/browser/reload", status: 200 },
  input: z.strictObject({
    ignore_cache: z.boolean().default(false).describe("Fetch everything anew"),
    wait_until: waitUntil,
    ...actionFields,
  }),
  output: place,
  errors: GOING_ERRORS,
});

/** The timeout may stand in the query instead of the body. */
const history = z.strictObject({
  wait_until: waitUntil,
  ...actionFields,
  timeout_ms: queryTimeoutMs,
});

export const browserBack = operation({
  name: "browser.back",
  summary: "Go back to the page before in the history and wait for the load event",
  http: { method: "POST", path: "/v1/browser/back", status: 200 },
  input: history,
  output: place,
  errors: ["history_end_reached", ...GOING_ERRORS],
});

export const browserForward = operation({
  name: "browser.forward",
  summary: "Go forward to the next page in the history and wait for the load event",
  http: { method: "POST", path: "/v1/browser/forward", status: 200 },
  input: history,
  output: place,
  errors: ["history_end_reached", ...GOING_ERRORS],
});

export const browserWaitNavigation = operation({
  name: "browser.wait_navigation",
  summary: "Wait for a navigation that began since the last one that was told, or the next",
  http: { method: "POST", path: "/v1/browser/wait-navigation", status: 200 },
  input: z.strictObject({ wait_until: waitUntil, ...actionFields }),
  output: place,
  errors: GOING_ERRORS,
});

/** A question of the page's, which stops it until somebody answers. */
const dialog = z.object({
  page: z.string().describe("Id of the page that asks"),
  type: z.enum(["alert", "confirm", "prompt"]),
  message: z.string().describe("What it asks"),
  default_text: z.string().optional().describe("What a prompt proposes"),
});
/** A question of the page's. */
export type PageDialog = z.output<typeof dialog>;

const openPage = z.object({
  id: z.string().describe("DevTools' id of the page's target; actions take it as page"),
  url: z.string(),
  title: z.string(),
  active: z.boolean().describe("Whether actions that name no page go here"),
});

export const browserPagesList = operation({
  name: "browser.pages_list",
  summary: "List the open pages, those that wait for a dialog too, the active one last",
  http: { method: "GET", path: "/v1/pages", status: 200 },
  input: z.strictObject({ timeout_ms: queryTimeoutMs }),
  output: z.object({ pages: z.array(openPage) }),
  errors: ["timeout", "browser_unavailable"],
});

export const browserPagesNew = operation({
  name: "browser.pages_new",
  summary: "Open a page, which becomes the active one, and load a URL in it",
  http: { method: "POST", path: "/v1/pages/new", status: 201 },
  input: z.strictObject({
    url: url.optional().describe("Where to go; left out: a blank page"),
    wait_until: waitUntil,
    timeout_ms: timeoutMs,
  }),
  output: place.extend({ id: openPage.shape.id }),
  errors: ["page_limit_reached", "download_started", ...GOING_ERRORS],
});

export const browserPagesActivate = operation({
  name: "browser.pages_activate",
  summary: "Make a page the active one and bring it to the front",
  http: { method: "POST", path: "/v1/pages/activate", status: 200 },
  input: z.strictObject({ page: pageId, timeout_ms: timeoutMs }),
  output: done,
  errors: ["dialog_open", ...PAGE_ERRORS],
});

export const browserPagesClose = operation({
  name: "browser.pages_close",
  summary: "Close a page without asking it",
  http: { method: "POST", path: "/v1/pages/close", status: 200 },
  input: z.strictObject({ page: pageId, timeout_ms: timeoutMs }),
  output: done,
  errors: PAGE_ERRORS,
});

export const browserDialogsList = operation({
  name: "browser.dialogs_list",
  summary: "List the dialogs that pages wait for",
  http: { method: "GET", path: "/v1/dialogs", status: 200 },
  input: z.strictObject({ timeout_ms: queryTimeoutMs }),
  output: z.object({ dialogs: z.array(dialog) }),
  errors: ["timeout", "browser_unavailable"],
});

const DIALOG_ERRORS = [
  "dialog_not_found",
  ...PAGE_ERRORS,
] as const;

export const browserDialogsAccept = operation({
  name: "browser.dialogs_accept",
  summary: "Answer the page's dialog with OK",
  http: { method: "POST", path: "/v1/dialogs/accept", status: 200 },
  input: z.strictObject({
    text: z.string().max(TEXT_LENGTH_MAX).optional()
      .describe("Answer to a prompt; left out: what it proposes"),
    ...actionFields,
  }),
  output: done,
  errors: DIALOG_ERRORS,
});

export const browserDialogsDismiss = operation({
  name: "browser.dialogs_dismiss",
  summary: "Answer the page's dialog with Cancel",
  http: { method: "POST", path: "/v1/dialogs/dismiss", status: 200 },
  input: z.strictObject({ ...actionFields }),
  output: done,
  errors: DIALOG_ERRORS,
});

export const browserDialogsPolicy = operation({
  name: "browser.dialogs_policy",
  summary: "Say what happens with the dialogs of pages from now on",
  http: { method: "POST", path: "/v1/dialogs/policy", status: 200 },
  input: z.strictObject({
    policy: z.enum(["hold", "accept", "dismiss"])
      .describe("Keep them until somebody answers, or answer each at once with OK or Cancel"),
    timeout_ms: timeoutMs,
  }),
  output: done,
  errors: ["timeout", "browser_unavailable"],
});
/** What happens with dialogs. */
export type DialogPolicy = z.output<typeof browserDialogsPolicy.input>["policy"];

/** About pages; served by the agent. */
export const pageOperations = {
  navigate: browserNavigate,
  reload: browserReload,
  back: browserBack,
  forward: browserForward,
  waitNavigation: browserWaitNavigation,
  pagesList: browserPagesList,
  pagesNew: browserPagesNew,
  pagesActivate: browserPagesActivate,
  pagesClose: browserPagesClose,
  dialogsList: browserDialogsList,
  dialogsAccept: browserDialogsAccept,
  dialogsDismiss: browserDialogsDismiss,
  dialogsPolicy: browserDialogsPolicy,
} as const;
