/** What can be read of a page. */
import * as z from "zod";
import { actionFields } from "./browser.ts";
import { operation } from "./operation.ts";
import { maybeTargeted, NAME_LENGTH_MAX, TARGET_ERRORS, targeted } from "./target.ts";

export const browserGetText = operation({
  name: "browser.get_text",
  summary: "Read the text of the first element that matches",
  http: { method: "POST", path: "/v1/dom/get-text", status: 200 },
  input: targeted({
    /** Only what is rendered (innerText) instead of all text (textContent). */
    visible: z.boolean().default(true),
  }),
  output: z.object({ text: z.string() }),
  errors: [...TARGET_ERRORS, "result_too_large"],
});

export const browserGetHtml = operation({
  name: "browser.get_html",
  summary: "Read the outer HTML of the first element that matches, or of the whole page",
  http: { method: "POST", path: "/v1/dom/get-html", status: 200 },
  input: maybeTargeted({}),
  output: z.object({ html: z.string() }),
  bytes: { member: "html", encoding: "text", mediaType: "text/html; charset=utf-8" },
  errors: ["not_acceptable", ...TARGET_ERRORS, "result_too_large"],
});

export const browserGetAttribute = operation({
  name: "browser.get_attribute",
  summary: "Read an attribute of the first element that matches",
  http: { method: "POST", path: "/v1/dom/get-attribute", status: 200 },
  input: targeted({ name: z.string().min(1).max(NAME_LENGTH_MAX) }),
  output: z.object({
    /** Empty when it does not exist. */
    value: z.string(),
    exists: z.boolean(),
  }),
  errors: [...TARGET_ERRORS, "result_too_large"],
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
  pressed?: boolean | undefined;
  required?: boolean | undefined;
  readonly?: boolean | undefined;
  invalid?: boolean | undefined;
  /** The name by which actions take the element. */
  ref?: string | undefined;
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
    pressed: z.boolean().optional(),
    required: z.boolean().optional(),
    readonly: z.boolean().optional(),
    invalid: z.boolean().optional(),
    ref: z.string().optional(),
    children: z.array(accessibilityNode).optional(),
  })
);

/** Tokens of a snapshot's text at most, unless asked otherwise; three bytes count as one. */
export const SNAPSHOT_TOKENS = 6_000;
export const SNAPSHOT_TOKENS_MAX = 1_000_000;

export const browserSnapshot = operation({
  name: "browser.snapshot",
  summary: "Read what is on the active page, with references that actions take",
  http: { method: "POST", path: "/v1/accessibility/snapshot", status: 200 },
  input: z.strictObject({
    /** Lines for a model, or the accessibility tree as JSON. */
    format: z.enum(["text", "tree"]).default("text"),
    /** Of the text. What is left out is in other parts. */
    tokens_max: z.int().min(200).max(SNAPSHOT_TOKENS_MAX).default(SNAPSHOT_TOKENS),
    /** Which part of a text that is larger. */
    part: z.int().min(1).max(100_000).default(1),
    /** Of the text only lines that hold this, in any case, and those they stand in. */
    search: z.string().min(1).max(NAME_LENGTH_MAX).optional(),
    /**
     * Of the text only what changed since the page's last one that was not searched, where there
     * was one and its changes are fewer words than all.
     */
    diff: z.boolean().default(false),
    /**
     * Nodes that are read at most: 100,000 for a text, 5,000 for a tree. What is beyond is left
     * out, and `truncated` is true.
     */
    max_nodes: z.int().min(1).max(100_000).optional(),
    ...actionFields,
  }),
  output: z.object({
    url: z.string(),
    title: z.string(),
    node_count: z.int(),
    /** Whether the page has more nodes than were read. */
    truncated: z.boolean(),
    /** With the format tree. */
    root: accessibilityNode.optional(),
    /** With the format text, as all that follow: a line a node, indented, the reference first. */
    text: z.string().optional(),
    /** Estimated, rather too high: a third of its bytes. */
    tokens: z.int().optional(),
    part: z.int().optional(),
    parts: z.int().optional(),
    /** Whether the lines are changes, which begin with + or -. */
    is_diff: z.boolean().optional(),
  }),
  errors: ["page_not_found", "dialog_open", "timeout", "browser_unavailable"],
});

/** About what a page shows; served by the agent. */
export const lookOperations = {
  getText: browserGetText,
  getHtml: browserGetHtml,
  getAttribute: browserGetAttribute,
  snapshot: browserSnapshot,
} as const;
