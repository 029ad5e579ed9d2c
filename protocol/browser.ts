/** The browser inside a VM: its operations, as the guest's agent serves them. */
import * as z from "zod";
import { operation } from "./operation.ts";

/** The longest any browser operation may take, in milliseconds. */
export const ACTION_TIMEOUT_MS_MAX = 300_000;
export const URL_LENGTH_MAX = 65_536;
export const SELECTOR_LENGTH_MAX = 10_000;
export const TEXT_LENGTH_MAX = 1_000_000;
/** Bytes of JSON that evaluate, get-text and get-html may answer with. */
export const RESULT_BYTES_MAX = 32 * 1024 * 1024;

const timeout = z.int().min(1).max(ACTION_TIMEOUT_MS_MAX).default(30_000);
const selector = z.string().min(1).max(SELECTOR_LENGTH_MAX);
const done = z.object({ status: z.literal("ok") });

export const browserNavigate = operation({
  name: "browser.navigate",
  summary: "Load a URL in the active page and wait for the load event",
  http: { method: "POST", path: "/v1/browser/navigate", status: 200 },
  input: z.strictObject({
    /** http, https, data, blob or about. */
    url: z.string().min(1).max(URL_LENGTH_MAX).regex(
      /^(https?|data|blob|about):/i,
      "a URL begins with http:, https:, data:, blob: or about:",
    ),
    timeout_ms: timeout,
  }),
  output: done.extend({
    /** After redirects. */
    url: z.string(),
    title: z.string(),
    /** The main document's HTTP status; absent where there was no HTTP answer. */
    http_status: z.int().optional(),
  }),
  errors: ["navigation_failed", "timeout", "browser_unavailable"],
});

export const browserScreenshot = operation({
  name: "browser.screenshot",
  summary: "Take a picture of the active page",
  http: { method: "POST", path: "/v1/browser/screenshot", status: 200 },
  input: z.strictObject({
    /** The whole page instead of what the viewport shows. */
    full_page: z.boolean().default(false),
    format: z.enum(["png", "jpeg"]).default("png"),
    /** Of a JPEG, 1 to 100; a PNG has none. */
    quality: z.int().min(1).max(100).default(90),
    timeout_ms: timeout,
  }),
  output: z.object({
    /** The image, base64. */
    data: z.string(),
    format: z.enum(["png", "jpeg"]),
    full_page: z.boolean(),
    byte_length: z.int(),
    captured_at: z.iso.datetime(),
  }),
  errors: ["timeout", "browser_unavailable"],
});

export const browserClick = operation({
  name: "browser.click",
  summary: "Click the first element that matches, once it is visible, still and not covered",
  http: { method: "POST", path: "/v1/dom/click", status: 200 },
  input: z.strictObject({
    selector,
    button: z.enum(["left", "right", "middle"]).default("left"),
    timeout_ms: timeout,
  }),
  output: done,
  errors: ["element_not_found", "element_not_actionable", "selector_invalid", "timeout"],
});

export const browserType = operation({
  name: "browser.type",
  summary: "Type text into the first element that matches",
  http: { method: "POST", path: "/v1/dom/type", status: 200 },
  input: z.strictObject({
    selector,
    value: z.string().max(TEXT_LENGTH_MAX),
    /** Empty the field first. */
    clear: z.boolean().default(false),
    timeout_ms: timeout,
  }),
  output: done,
  errors: ["element_not_found", "element_not_actionable", "selector_invalid", "timeout"],
});

export const browserGetText = operation({
  name: "browser.get_text",
  summary: "Read the text of the first element that matches",
  http: { method: "POST", path: "/v1/dom/get-text", status: 200 },
  input: z.strictObject({
    selector,
    /** Only what is rendered (innerText) instead of all text (textContent). */
    visible: z.boolean().default(true),
    timeout_ms: timeout,
  }),
  output: z.object({ text: z.string() }),
  errors: ["element_not_found", "selector_invalid", "timeout", "result_too_large"],
});

export const browserGetHtml = operation({
  name: "browser.get_html",
  summary: "Read the outer HTML of the first element that matches, or of the whole page",
  http: { method: "POST", path: "/v1/dom/get-html", status: 200 },
  input: z.strictObject({ selector: selector.optional(), timeout_ms: timeout }),
  output: z.object({ html: z.string() }),
  errors: ["element_not_found", "selector_invalid", "timeout", "result_too_large"],
});

export const browserEvaluate = operation({
  name: "browser.evaluate",
  summary: "Evaluate a JavaScript expression in the active page and return its JSON value",
  http: { method: "POST", path: "/v1/script/evaluate", status: 200 },
  input: z.strictObject({
    expression: z.string().min(1).max(TEXT_LENGTH_MAX),
    /** Wait for a promise to settle and return what it settles to. */
    await_promise: z.boolean().default(true),
    timeout_ms: timeout,
  }),
  output: z.object({
    /** `null` stands for undefined, too. */
    result: z.json(),
  }),
  errors: ["script_failed", "result_not_serializable", "result_too_large", "timeout"],
});

/** One node of the accessibility tree; absent members do not apply. */
export interface AccessibilityNode {
  /** An ARIA role, or Chrome's internal one where ARIA has none. */
  role: string;
  name?: string | undefined;
  value?: string | number | undefined;
  description?: string | undefined;
  checked?: boolean | "mixed" | undefined;
  disabled?: boolean | undefined;
  expanded?: boolean | undefined;
  focused?: boolean | undefined;
  level?: number | undefined;
  selected?: boolean | undefined;
  children?: AccessibilityNode[] | undefined;
}

const accessibilityNode: z.ZodType<AccessibilityNode> = z.lazy(() =>
  z.object({
    role: z.string(),
    name: z.string().optional(),
    value: z.union([z.string(), z.number()]).optional(),
    description: z.string().optional(),
    checked: z.union([z.boolean(), z.literal("mixed")]).optional(),
    disabled: z.boolean().optional(),
    expanded: z.boolean().optional(),
    focused: z.boolean().optional(),
    level: z.number().optional(),
    selected: z.boolean().optional(),
    children: z.array(accessibilityNode).optional(),
  })
);

export const browserSnapshot = operation({
  name: "browser.snapshot",
  summary: "Read the accessibility tree of the active page, without generic wrappers",
  http: { method: "POST", path: "/v1/accessibility/snapshot", status: 200 },
  input: z.strictObject({
    /** Nodes in the answer at most; what is beyond is left out, and `truncated` is true. */
    max_nodes: z.int().min(1).max(100_000).default(5_000),
    timeout_ms: timeout,
  }),
  output: z.object({
    url: z.string(),
    title: z.string(),
    node_count: z.int(),
    truncated: z.boolean(),
    root: accessibilityNode,
  }),
  errors: ["timeout", "browser_unavailable"],
});
