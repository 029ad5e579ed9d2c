/** How fast pages are: schemas and operations. */
import * as z from "zod";
import { actionFields, done, PAGE_ERRORS, timeoutMs } from "./browser.ts";
import { operation } from "./operation.ts";

/** Megabytes that Chrome keeps of a trace while it records. */
export const TRACE_BUFFER_MB_MAX = 512;
/** Categories that a trace may have. */
export const TRACE_CATEGORIES_MAX = 100;

const ms = z.number();
const bytes = z.number();

const navigation = z.object({
  type: z.string(),
  protocol: z.string(),
  redirects: z.int(),
  response_start_ms: ms,
  response_end_ms: ms,
  dom_interactive_ms: ms,
  dom_content_loaded_ms: ms.optional().describe("Left out while it is still to come"),
  load_ms: ms.optional().describe("The load event; left out while it is still to come"),
  transfer_bytes: bytes.describe("Over the network, with headers"),
  body_bytes: bytes.describe("Of the body, once decoded"),
});

/** Named as by https://web.dev/articles/vitals */
const vitals = z.object({
  first_paint_ms: ms.optional(),
  first_contentful_paint_ms: ms.optional(),
  largest_contentful_paint_ms: ms.optional(),
  largest_contentful_paint_element: z.string().optional()
    .describe("The element of the largest paint, such as img#hero"),
  cumulative_layout_shift: z.number(),
  total_blocking_ms: ms.describe("Of tasks longer than 50 ms, what is beyond that"),
  longest_interaction_ms: ms.optional()
    .describe("From a person's input to the next paint, the longest"),
}).describe("Web vitals; what has not happened yet is left out");

export const browserMetrics = operation({
  name: "browser.metrics",
  summary: "Measure a page: its way here, web vitals, memory, and what Chrome did for it",
  http: { method: "POST", path: "/v1/browser/metrics", status: 200 },
  input: z.strictObject({ ...actionFields }),
  output: z.object({
    url: z.string(),
    navigation: navigation.optional().describe(
      "The document's way here, in milliseconds since it began; left out where nothing was loaded",
    ),
    vitals,
    work: z.object({
      documents: z.number(),
      frames: z.number(),
      nodes: z.number(),
      event_listeners: z.number(),
      layouts: z.number(),
      style_recalculations: z.number(),
      layout_ms: ms,
      style_ms: ms,
      script_ms: ms,
      task_ms: ms,
      heap_used_bytes: bytes,
      heap_total_bytes: bytes,
    }).describe("What Chrome did since the page was opened"),
  }),
  errors: ["dialog_open", ...PAGE_ERRORS],
});

const category = z.string().regex(
  /^-?[\w.,*-]{1,200}$/,
  "a category is a word such as devtools.timeline",
);

export const browserTraceStart = operation({
  name: "browser.trace_start",
  summary: "Begin to record what the browser does, until it is stopped or the buffer is full",
  http: { method: "POST", path: "/v1/browser/trace-start", status: 200 },
  input: z.strictObject({
    categories: z.array(category).min(1).max(TRACE_CATEGORIES_MAX).optional().describe(
      "Categories to record, with a minus not to; left out: those of DevTools' performance panel",
    ),
    screenshots: z.boolean().default(false).describe("With pictures of the page"),
    buffer_mb: z.int().min(1).max(TRACE_BUFFER_MB_MAX).default(64)
      .describe("Megabytes that are kept; when they are full, nothing more is recorded"),
    timeout_ms: timeoutMs,
  }),
  output: done,
  errors: ["trace_running", "timeout", "browser_unavailable"],
});

export const browserTraceStop = operation({
  name: "browser.trace_stop",
  summary: "Stop recording, and answer with the trace as gzipped JSON for DevTools or Perfetto",
  http: { method: "POST", path: "/v1/browser/trace-stop", status: 200 },
  input: z.strictObject({ timeout_ms: timeoutMs }),
  output: z.object({
    data: z.string().describe("The gzipped JSON in base64"),
    byte_length: z.int().describe("Bytes of the gzipped JSON"),
    is_cut: z.boolean().describe("Whether the buffer was full, so that the end is missing"),
  }),
  bytes: { member: "data", mediaType: "application/gzip" },
  errors: [
    "trace_not_running",
    "result_too_large",
    "timeout",
    "browser_unavailable",
  ],
});

/** About how fast pages are; served by the agent. */
export const performanceOperations = {
  metrics: browserMetrics,
  traceStart: browserTraceStart,
  traceStop: browserTraceStop,
} as const;
