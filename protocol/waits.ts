/** What can be waited for on a page. Waits take no turn: other actions go on meanwhile. */
import * as z from "zod";
import { actionFields, done, PAGE_ERRORS, TEXT_LENGTH_MAX, URL_LENGTH_MAX } from "./browser.ts";
import { operation } from "./operation.ts";
import { waitUntil } from "./pages.ts";
import { NAME_LENGTH_MAX, targeted } from "./target.ts";
import { urlPatternFields } from "./url_pattern.ts";

const elementState = z.enum(["attached", "visible", "hidden", "detached"]);
/** Where an element may stand; one that is detached is hidden, too. */
export type ElementState = z.output<typeof elementState>;

export const browserWaitSelector = operation({
  name: "browser.wait_selector",
  summary: "Wait until the first element that matches is there, shown, hidden or gone",
  http: { method: "POST", path: "/v1/dom/wait-selector", status: 200 },
  input: targeted({
    state: elementState.optional()
      .describe("What to wait for; left out: attached, or visible where that is asked for"),
    visible: z.boolean().default(false).describe("The same as the state visible"),
  }).refine(({ state, visible }) => !visible || state === undefined || state === "visible", {
    path: ["visible"],
    message: "an element is waited for in one state",
  }),
  output: done,
  errors: ["ref_not_found", "selector_invalid", ...PAGE_ERRORS],
});

export const browserWaitText = operation({
  name: "browser.wait_text",
  summary: "Wait until the page shows a text, or does not any more",
  http: { method: "POST", path: "/v1/dom/wait-text", status: 200 },
  input: z.strictObject({
    text: z.string().min(1).max(NAME_LENGTH_MAX)
      .describe("What to look for, in any case, white space folded"),
    gone: z.boolean().default(false).describe("Wait until it is not shown any more"),
    ...actionFields,
  }),
  output: done,
  errors: PAGE_ERRORS,
});

export const browserWaitUrl = operation({
  name: "browser.wait_url",
  summary: "Wait until the page is at a URL, and so far",
  http: { method: "POST", path: "/v1/browser/wait-url", status: 200 },
  input: z.strictObject({
    url: z.string().min(1).max(URL_LENGTH_MAX).optional().describe("Exactly this URL"),
    ...urlPatternFields,
    wait_until: waitUntil,
    ...actionFields,
  }).refine(
    ({ url, glob, regex }) => [url, glob, regex].filter((way) => way !== undefined).length === 1,
    { path: ["url"], message: "name the URL by one of url, glob and regex" },
  ),
  output: done.extend({ url: z.string(), title: z.string(), http_status: z.int().optional() }),
  errors: PAGE_ERRORS,
});

export const browserWaitFunction = operation({
  name: "browser.wait_function",
  summary: "Wait until a JavaScript expression or function is true of the page",
  http: { method: "POST", path: "/v1/script/wait-function", status: 200 },
  input: z.strictObject({
    expression: z.string().min(1).max(TEXT_LENGTH_MAX)
      .describe("JavaScript; a function is called, and a promise is waited for"),
    args: z.array(z.json()).max(100).default([]).describe("What a function is called with"),
    ...actionFields,
  }),
  output: z.object({
    result: z.json().describe("As JSON has it; null for what it has no words for"),
  }),
  errors: ["script_failed", ...PAGE_ERRORS],
});

/** Waits on a page; served by the agent. */
export const waitOperations = {
  waitSelector: browserWaitSelector,
  waitText: browserWaitText,
  waitUrl: browserWaitUrl,
  waitFunction: browserWaitFunction,
} as const;
