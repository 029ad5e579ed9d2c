/** What is kept of each page's life: console, errors and requests; schemas and operations. */
import * as z from "zod";
import { actionFields, PAGE_ERRORS } from "./browser.ts";
import { operation } from "./operation.ts";

/** Entries in one answer at most. */
export const RECORDS_LIMIT_MAX = 1_000;
/** Bytes of bodies that a HAR holds at most; further ones are left out. */
export const HAR_BODIES_BYTES_MAX = 16 * 1024 * 1024;

const paging = {
  since: z.int().min(0).optional()
    .describe("Only what came or changed after this number, oldest first; left out: the last ones"),
  limit: z.int().min(1).max(RECORDS_LIMIT_MAX).default(100).describe("Entries at most"),
  ...actionFields,
} as const;

const selection = {
  dropped: z.int().describe("Entries that had to make room for newer ones, ever"),
  next_since: z.int().describe("What to pass as since next time"),
  more: z.boolean().describe("Whether there are more that fit"),
} as const;

const place = {
  url: z.string().optional().describe("Script or document that it comes from"),
  line: z.int().optional(),
  column: z.int().optional(),
} as const;

const seq = z.int().describe("Number of its latest change");

/** From the least to the most serious. */
export const CONSOLE_LEVELS = ["debug", "log", "info", "warn", "error"] as const;

/** A message in a page's console. */
export const consoleEntry = z.object({
  seq,
  at: z.iso.datetime(),
  level: z.enum(CONSOLE_LEVELS),
  source: z.string()
    .describe("console for what scripts wrote, else which part of Chrome, such as network"),
  text: z.string(),
  ...place,
});
/** A message in a page's console. */
export type ConsoleEntry = z.infer<typeof consoleEntry>;

/** An exception that nothing in the page caught. */
export const errorEntry = z.object({
  seq,
  at: z.iso.datetime(),
  message: z.string(),
  stack: z.string(),
  ...place,
});
/** An exception that nothing in the page caught. */
export type ErrorEntry = z.infer<typeof errorEntry>;

/** A request, as a list tells it. */
export const requestEntry = z.object({
  id: z.int().describe("What browser.request and browser.request_body know it by"),
  seq,
  at: z.iso.datetime().describe("When it began"),
  method: z.string(),
  url: z.string(),
  type: z.string()
    .describe(
      "What it is for: document, script, stylesheet, image, xhr, fetch, websocket and so on",
    ),
  state: z.enum(["pending", "done", "failed"]),
  status: z.int().optional(),
  mime_type: z.string().optional(),
  from_cache: z.boolean().optional(),
  duration_ms: z.number().optional(),
  encoded_bytes: z.number().optional().describe("As it went over the wire, headers included"),
  redirected_to: z.string().optional().describe("URL that it was sent on to"),
  error: z.string().optional().describe("Why it failed, in Chrome's words"),
});
/** A request, as a list tells it. */
export type RequestEntry = z.infer<typeof requestEntry>;

const headers = z.array(z.object({ name: z.string(), value: z.string() }));

export const browserConsole = operation({
  name: "browser.console",
  summary: "List what was written to a page's console",
  http: { method: "POST", path: "/v1/browser/console", status: 200 },
  input: z.strictObject({
    level: z.enum(CONSOLE_LEVELS).default("debug").describe("This level and those above it"),
    ...paging,
  }),
  output: z.object({ messages: z.array(consoleEntry), ...selection }),
  errors: PAGE_ERRORS,
});

export const browserErrors = operation({
  name: "browser.errors",
  summary: "List the exceptions that nothing in a page caught",
  http: { method: "POST", path: "/v1/browser/errors", status: 200 },
  input: z.strictObject({ ...paging }),
  output: z.object({ errors: z.array(errorEntry), ...selection }),
  errors: PAGE_ERRORS,
});

const wantedRequests = {
  url: z.string().max(1_000).optional().describe("Only requests whose URL holds this"),
  type: z.string().max(32).optional()
    .describe("Only requests for this, such as document, script, image, xhr or fetch"),
  status: z.string().regex(/^([1-5]\d\d|[1-5]xx)$/, "a status is 404 or 4xx").optional()
    .describe("Only answers of this status, such as 404, or of a class of them, such as 4xx"),
} as const;

export const browserRequests = operation({
  name: "browser.requests",
  summary: "List what a page asked of the network",
  http: { method: "POST", path: "/v1/browser/requests", status: 200 },
  input: z.strictObject({
    ...wantedRequests,
    state: z.enum(["pending", "done", "failed"]).optional()
      .describe("Only requests that stand here"),
    ...paging,
  }),
  output: z.object({ requests: z.array(requestEntry), ...selection }),
  errors: PAGE_ERRORS,
});

const requestId = z.int().min(1).describe("Id of the request, as browser.requests tells it");

export const browserRequest = operation({
  name: "browser.request",
  summary: "Tell all that is known of one request of a page",
  http: { method: "POST", path: "/v1/browser/request", status: 200 },
  input: z.strictObject({ id: requestId, ...actionFields }),
  output: requestEntry.extend({
    document: z.string().describe("URL of the document that asked"),
    protocol: z.string().optional().describe("Such as http/1.1 or h2"),
    remote_address: z.string().optional(),
    request_headers: headers,
    request_body: z.string().optional()
      .describe("The beginning of what it sent, where that is text"),
    response_headers: headers.optional(),
  }),
  errors: ["request_not_found", ...PAGE_ERRORS],
});

export const browserRequestBody = operation({
  name: "browser.request_body",
  summary: "Fetch the body that a request of a page was answered with",
  http: { method: "POST", path: "/v1/browser/request-body", status: 200 },
  input: z.strictObject({ id: requestId, ...actionFields }),
  output: z.object({
    body: z.string(),
    base64: z.boolean().describe("Whether the body is in base64, since it is not text"),
    mime_type: z.string().optional(),
  }),
  errors: [
    "request_not_found",
    "body_not_kept",
    "result_too_large",
    ...PAGE_ERRORS,
  ],
});

export const browserHar = operation({
  name: "browser.har",
  summary: "Export the requests of a page as an HTTP Archive 1.2",
  http: { method: "POST", path: "/v1/browser/har", status: 200 },
  input: z.strictObject({
    ...wantedRequests,
    bodies: z.boolean().default(false)
      .describe("With the bodies of the answers, as far as they are kept and fit"),
    ...actionFields,
  }),
  output: z.object({
    /** See http://www.softwareishard.com/blog/har-12-spec/ */
    log: z.looseObject({ version: z.literal("1.2"), entries: z.array(z.looseObject({})) })
      .describe("The archive, as HAR 1.2 writes it"),
  }),
  errors: ["result_too_large", ...PAGE_ERRORS],
});

/** About what pages did; served by the agent. */
export const recordOperations = {
  console: browserConsole,
  errors: browserErrors,
  requests: browserRequests,
  request: browserRequest,
  requestBody: browserRequestBody,
  har: browserHar,
} as const;
