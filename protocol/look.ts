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
  errors: [...TARGET_ERRORS, "result_too_large"],
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
    ...actionFields,
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

/** About what a page shows; served by the agent. */
export const lookOperations = {
  getText: browserGetText,
  getHtml: browserGetHtml,
  getAttribute: browserGetAttribute,
  snapshot: browserSnapshot,
} as const;
