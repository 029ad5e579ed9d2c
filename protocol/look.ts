/** What can be read of a page. */
import * as z from "zod";
import { actionFields, PAGE_ERRORS } from "./browser.ts";
import { operation } from "./operation.ts";
import { maybeTargeted, NAME_LENGTH_MAX, TARGET_ERRORS, targeted } from "./target.ts";

export const browserGetText = operation({
  name: "browser.get_text",
  summary: "Read the text of the first element that matches",
  http: { method: "POST", path: "/v1/dom/get-text", status: 200 },
  input: targeted({
    visible: z.boolean().default(true)
      .describe("Only what is rendered (innerText) instead of all text (textContent)"),
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
  input: targeted({
    name: z.string().min(1).max(NAME_LENGTH_MAX).describe("Name of the attribute, such as href"),
  }),
  output: z.object({
    value: z.string().describe("Empty when it does not exist"),
    exists: z.boolean(),
  }),
  errors: [...TARGET_ERRORS, "result_too_large"],
});

/** One node of the accessibility tree; absent members do not apply. */
export interface AccessibilityNode {
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
  ref?: string | undefined;
  children?: AccessibilityNode[] | undefined;
}

const accessibilityNode: z.ZodType<AccessibilityNode> = z.lazy(() =>
  z.object({
    role: z.string().describe("An ARIA role, or Chrome's internal one where ARIA has none"),
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
    ref: z.string().optional().describe("Name by which actions take the element"),
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
    format: z.enum(["text", "tree"]).default("text")
      .describe("Lines for a model, or the accessibility tree as JSON"),
    tokens_max: z.int().min(200).max(SNAPSHOT_TOKENS_MAX).default(SNAPSHOT_TOKENS)
      .describe("Tokens of the text at most; what is left out is in other parts"),
    part: z.int().min(1).max(100_000).default(1).describe("Which part of a text that is larger"),
    search: z.string().min(1).max(NAME_LENGTH_MAX).optional()
      .describe("Of the text only lines that hold this, in any case, and those they stand in"),
    diff: z.boolean().default(false).describe(
      "Of the text only what changed since the page's last one that was not searched, where that is shorter",
    ),
    max_nodes: z.int().min(1).max(100_000).optional().describe(
      "Nodes that are read at most, the others are left out; left out: 100000 for a text, 5000 for a tree",
    ),
    ...actionFields,
  }),
  output: z.object({
    url: z.string(),
    title: z.string(),
    node_count: z.int().describe("Nodes that were read"),
    truncated: z.boolean().describe("Whether the page has more nodes than were read"),
    root: accessibilityNode.optional().describe("With the format tree: the page"),
    text: z.string().optional()
      .describe("With the format text: a line a node, indented, the reference first"),
    tokens: z.int().optional()
      .describe(
        "With the format text: its tokens, estimated rather too high as a third of its bytes",
      ),
    part: z.int().optional().describe("With the format text: which part it is"),
    parts: z.int().optional().describe("With the format text: how many parts there are"),
    is_diff: z.boolean().optional()
      .describe("With the format text: whether its lines are changes, which begin with + or -"),
  }),
  errors: ["dialog_open", ...PAGE_ERRORS],
});

/** About what a page shows; served by the agent. */
export const lookOperations = {
  getText: browserGetText,
  getHtml: browserGetHtml,
  getAttribute: browserGetAttribute,
  snapshot: browserSnapshot,
} as const;
