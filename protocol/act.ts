/** What can be done on a page. */
import * as z from "zod";
import { actionFields, done, selector, TEXT_LENGTH_MAX } from "./browser.ts";
import { operation } from "./operation.ts";

export const browserClick = operation({
  name: "browser.click",
  summary: "Click the first element that matches, once it is visible, still and not covered",
  http: { method: "POST", path: "/v1/dom/click", status: 200 },
  input: z.strictObject({
    selector,
    button: z.enum(["left", "right", "middle"]).default("left"),
    ...actionFields,
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
    ...actionFields,
  }),
  output: done,
  errors: ["element_not_found", "element_not_actionable", "selector_invalid", "timeout"],
});

export const browserEvaluate = operation({
  name: "browser.evaluate",
  summary: "Evaluate a JavaScript expression in the active page and return its JSON value",
  http: { method: "POST", path: "/v1/script/evaluate", status: 200 },
  input: z.strictObject({
    expression: z.string().min(1).max(TEXT_LENGTH_MAX),
    /** Wait for a promise to settle and return what it settles to. */
    await_promise: z.boolean().default(true),
    ...actionFields,
  }),
  output: z.object({
    /** `null` stands for undefined, too. */
    result: z.json(),
  }),
  errors: ["script_failed", "result_not_serializable", "result_too_large", "timeout"],
});

/** About what is done on a page; served by the agent. */
export const actOperations = {
  click: browserClick,
  type: browserType,
  evaluate: browserEvaluate,
} as const;
