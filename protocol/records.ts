/** What is kept of each page's life: console, errors and requests; schemas and operations. */
import * as z from "zod";
import { actionFields } from "./browser.ts";
import { operation } from "./operation.ts";

/** Entries in one answer at most. */
export const RECORDS_LIMIT_MAX = 1_000;
/** Bytes of bodies that a HAR holds at most; further ones are left out. */
export const HAR_BODIES_BYTES_MAX = 16 * 1024 * 1024;

const paging = {
  /** Only what came or changed after this number, oldest first; left out: the last ones. */
  since: z.int().min(0).optional(),
  limit: z.int().min(1).max(RECORDS_LIMIT_MAX).default(100),
  ...actionFields,
} as const;

const selection = {
  /** Entries that had to make room for newer ones, ever. */
  dropped: z.int(),
  /** What to pass as `since` next time. */
  next_since: z.int(),
  /** There are more that fit. */
  more: z.boolean(),
} as const;

const place = {
  url: z.string().optional(),
  line: z.int().optional(),
  column: z.int().optional(),
} as const;

/** From the least to the most serious. */
export const CONSOLE_LEVELS = ["debug", "log", "info", "warn", "error"] as const;

/** A message in a page's console. */
export const consoleEntry = z.object({
  seq: z.int(),
  at: z.iso.datetime(),
  level: z.enum(CONSOLE_LEVELS),
  /** `console` for what scripts wrote, else which part of Chrome, such as `network`. */
  source: z.string(),
  text: z.string(),
  ...place,
});
/** A message in a page's console. */
export type ConsoleEntry = z.infer<typeof consoleEntry>;

/** An exception that nothing in the page caught. */
export const errorEntry = z.object({
  seq: z.int(),
  at: z.iso.datetime(),
  message: z.string(),
  stack: z.string(),
  ...place,
});
/** An exception that nothing in the page caught. */
export type ErrorEntry = z.infer<typeof errorEntry>;

/** A request, as a list tells it. */
export const requestEntry = z.object({
  /** What to ask for more by. */
  id: z.int(),
  /** The number of its latest change. */
  seq: z.int(),
  at: z.iso.datetime(),
  method: z.string(),
  url: z.string(),
  /** `document`, `script`, `stylesheet`, `image`, `xhr`, `fetch`, `websocket` … */
  type: z.string(),
  state: z.enum(["pending", "done", "failed"]),
  status: z.int().optional(),
  mime_type: z.string().optional(),
  from_cache: z.boolean().optional(),
  duration_ms: z.number().optional(),
  /** As it went over the wire, headers included. */
  encoded_bytes: z.number().optional(),
  redirected_to: z.string().optional(),
  error: z.string().optional(),
});
/** A request, as a list tells it. */
export type RequestEntry = z.infer<typeof requestEntry>;

const headers = z.array(z.object({ name: z.string(), value: z.string() }));

export const browserConsole = operation({
  name: "browser.console",
  summary: "List what was written to a page's console",
  http: { method: "POST", path: "/v1/browser/console", status: 200 },
  input: z.strictObject({
    /** This level and those above it. */
    level: z.enum(CONSOLE_LEVELS).default("debug"),
    ...paging,
  }),
  output: z.object({ messages: z.array(consoleEntry), ...selection }),
  errors: ["page_not_found", "timeout", "browser_unavailable"],
});

export const browserErrors = operation({
  name: "browser.errors",
  summary: "List the exceptions that nothing in a page caught",
  http: { method: "POST", path: "/v1/browser/errors", status: 200 },
  input: z.strictObject({ ...paging }),
  output: z.object({ errors: z.array(errorEntry), ...selection }),
  errors: ["page_not_found", "timeout", "browser_unavailable"],
});

const wantedRequests = {
  /** A part of the URL. */
  url: z.string().max(1_000).optional(),
  type: z.string().max(32).optional(),
  /** A number, such as 404, or a class of them, such as 4xx. */
  status: z.string().regex(/^([1-5]\d\d|[1-5]xx)$/, "a status is 404 or 4xx").optional(),
} as const;

export const browserRequests = operation({
  name: "browser.requests",
  summary: "List what a page asked of the network",
  http: { method: "POST", path: "/v1/browser/requests", status: 200 },
  input: z.strictObject({
    ...wantedRequests,
    state: z.enum(["pending", "done", "failed"]).optional(),
    ...paging,
  }),
  output: z.object({ requests: z.array(requestEntry), ...selection }),
  errors: ["page_not_found", "timeout", "browser_unavailable"],
});

export const browserRequest = operation({
  name: "browser.request",
  summary: "Tell all that is known of one request of a page",
  http: { method: "POST", path: "/v1/browser/request", status: 200 },
  input: z.strictObject({ id: z.int().min(1), ...actionFields }),
  output: requestEntry.extend({
    document: z.string(),
    protocol: z.string().optional(),
    remote_address: z.string().optional(),
    request_headers: headers,
    /** The beginning of what it sent, where that is text. */
    request_body: z.string().optional(),
    response_headers: headers.optional(),
  }),
  errors: ["request_not_found", "page_not_found", "timeout", "browser_unavailable"],
});

export const browserRequestBody = operation({
  name: "browser.request_body",
  summary: "Fetch the body that a request of a page was answered with",
  http: { method: "POST", path: "/v1/browser/request-body", status: 200 },
  input: z.strictObject({ id: z.int().min(1), ...actionFields }),
  output: z.object({
    body: z.string(),
    /** The body is in base64, since it is not text. */
    base64: z.boolean(),
    mime_type: z.string().optional(),
  }),
  errors: [
    "request_not_found",
    "body_not_kept",
    "page_not_found",
    "result_too_large",
    "timeout",
    "browser_unavailable",
  ],
});

export const browserHar = operation({
  name: "browser.har",
  summary: "Export the requests of a page as an HTTP Archive 1.2",
  http: { method: "POST", path: "/v1/browser/har", status: 200 },
  input: z.strictObject({
    ...wantedRequests,
    /** With the bodies of the answers, as far as they are kept and fit. */
    bodies: z.boolean().default(false),
    ...actionFields,
  }),
  output: z.object({
    /** See http://www.softwareishard.com/blog/har-12-spec/ */
    log: z.looseObject({ version: z.literal("1.2"), entries: z.array(z.looseObject({})) }),
  }),
  errors: ["page_not_found", "result_too_large", "timeout", "browser_unavailable"],
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
