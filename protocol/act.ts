/** What can be done on a page. */
import * as z from "zod";
import { actionFields, done, TEXT_LENGTH_MAX } from "./browser.ts";
import { operation } from "./operation.ts";
import { maybeTargeted, oneTarget, TARGET_ERRORS, targeted } from "./target.ts";

/** Clicks of one action at most; two are a double click. */
export const CLICKS_MAX = 3;
/** Pixels that one action scrolls by at most. */
export const SCROLL_MAX = 1_000_000;
/** Options that one action selects at most. */
export const OPTIONS_MAX = 1_000;
/** Files that one action puts into a field at most. */
export const FILES_MAX = 32;
/** Bytes of the files that one action puts into a field at most, all together. */
export const UPLOAD_BYTES_MAX = 50 * 1024 * 1024;
/** Bytes of a request that brings them: base64 has four for three, and there are names. */
export const UPLOAD_BODY_BYTES_MAX = 68 * 1024 * 1024;
/** Keys that one action presses at most. */
const KEY_LENGTH_MAX = 64;

const button = z.enum(["left", "right", "middle"]).default("left").describe("Button of the mouse");
const modifiers = z.array(z.enum(["Alt", "Control", "Meta", "Shift"])).max(4).default([])
  .describe("Keys that are held meanwhile: Alt, Control, Meta, Shift");
const pixels = z.number().min(-SCROLL_MAX).max(SCROLL_MAX);
const position = z.strictObject({
  x: pixels.describe("CSS pixels to the right"),
  y: pixels.describe("CSS pixels downwards"),
}).optional().describe("Where in the element, from its upper left corner; left out: its centre");

const ACT_ERRORS = [...TARGET_ERRORS, "element_not_actionable"] as const;

export const browserClick = operation({
  name: "browser.click",
  summary:
    "Click an element, once it is visible, enabled, still and not covered, and wait for the page that this loads",
  http: { method: "POST", path: "/v1/dom/click", status: 200 },
  input: targeted({
    button,
    count: z.int().min(1).max(CLICKS_MAX).default(1)
      .describe("Clicks in a row; two are a double click"),
    modifiers,
    position,
  }),
  output: done,
  errors: ACT_ERRORS,
});

export const browserDoubleClick = operation({
  name: "browser.double_click",
  summary: "Click an element twice, so that it counts as a double click",
  http: { method: "POST", path: "/v1/dom/double-click", status: 200 },
  input: targeted({
    button,
    modifiers,
    position,
  }),
  output: done,
  errors: ACT_ERRORS,
});

export const browserHover = operation({
  name: "browser.hover",
  summary: "Move the pointer over an element and leave it there",
  http: { method: "POST", path: "/v1/dom/hover", status: 200 },
  input: targeted({ modifiers, position }),
  output: done,
  errors: ACT_ERRORS,
});

export const browserDrag = operation({
  name: "browser.drag",
  summary: "Drag an element to another one, by pointer and, where the page wants it, by HTML5 drag",
  http: { method: "POST", path: "/v1/dom/drag", status: 200 },
  input: targeted({ to: oneTarget.describe("The element to drag it to") }),
  output: done,
  errors: ACT_ERRORS,
});

export const browserType = operation({
  name: "browser.type",
  summary: "Type text into an element, key by key",
  http: { method: "POST", path: "/v1/dom/type", status: 200 },
  input: targeted({
    value: z.string().max(TEXT_LENGTH_MAX).describe("Text to type; a line break is the key Enter"),
    clear: z.boolean().default(false).describe("Empty the field first"),
  }),
  output: done,
  errors: ACT_ERRORS,
});

export const browserFill = operation({
  name: "browser.fill",
  summary: "Put a value into a field in place of what it holds, also a date, a colour or a range",
  http: { method: "POST", path: "/v1/dom/fill", status: 200 },
  input: targeted({
    value: z.string().max(TEXT_LENGTH_MAX)
      .describe("What the field is to hold, as its value in HTML is written"),
  }),
  output: done,
  errors: ACT_ERRORS,
});

export const browserPress = operation({
  name: "browser.press",
  summary: "Press a key or a chord such as Control+A, on an element or on what has the focus",
  http: { method: "POST", path: "/v1/dom/press", status: 200 },
  input: maybeTargeted({
    key: z.string().min(1).max(KEY_LENGTH_MAX).describe(
      "A key's name such as Enter or ArrowDown, or its character; + joins the keys of a chord",
    ),
  }),
  output: done,
  errors: [...ACT_ERRORS, "key_unknown"],
});

export const browserSelectOption = operation({
  name: "browser.select_option",
  summary: "Select options of a list by value, by label or by index, and no others",
  http: { method: "POST", path: "/v1/dom/select-option", status: 200 },
  input: targeted({
    options: z.array(z.union([z.string().max(10_000), z.int().min(0)])).max(OPTIONS_MAX)
      .describe("The options to select; any others are not selected any more"),
    by: z.enum(["value", "label", "index"]).optional().describe(
      "What the options are named by; an index counts from 0; left out: value, else label",
    ),
  }),
  output: done.extend({
    selected: z.array(z.string()).describe("The values that are selected now"),
  }),
  errors: ACT_ERRORS,
});

export const browserCheck = operation({
  name: "browser.check",
  summary: "Turn a check box, radio button or switch on, if it is off",
  http: { method: "POST", path: "/v1/dom/check", status: 200 },
  input: targeted({}),
  output: done,
  errors: ACT_ERRORS,
});

export const browserUncheck = operation({
  name: "browser.uncheck",
  summary: "Turn a check box or switch off, if it is on",
  http: { method: "POST", path: "/v1/dom/uncheck", status: 200 },
  input: targeted({}),
  output: done,
  errors: ACT_ERRORS,
});

export const browserScroll = operation({
  name: "browser.scroll",
  summary:
    "Scroll an element into view, or the page or what is around an element by so many pixels",
  http: { method: "POST", path: "/v1/dom/scroll", status: 200 },
  input: maybeTargeted({
    x: pixels.optional()
      .describe("CSS pixels to the right; with neither x nor y the element comes into view"),
    y: pixels.optional().describe("CSS pixels downwards"),
  }),
  output: done.extend({
    x: z.number().describe("CSS pixels that it is scrolled to the right now"),
    y: z.number().describe("CSS pixels that it is scrolled downwards now"),
    x_max: z.number().describe("How far it can be scrolled to the right"),
    y_max: z.number().describe("How far it can be scrolled downwards"),
  }),
  errors: ACT_ERRORS,
});

export const browserUploadFiles = operation({
  name: "browser.upload_files",
  summary: "Put files into a file field, in place of those that it has",
  http: { method: "POST", path: "/v1/dom/upload-files", status: 200 },
  bodyBytesMax: UPLOAD_BODY_BYTES_MAX,
  input: targeted({
    files: z.array(z.strictObject({
      name: z.string().min(1).max(255).regex(/^[^/\0]+$/, "a file's name has no slash")
        .describe("Name that the page sees, without folders"),
      mime_type: z.string().max(255).default("application/octet-stream")
        .describe("Media type that the page sees"),
      data: z.base64().describe("Content in base64"),
    })).max(FILES_MAX).describe(
      "The files, with their contents: 50 MB in all; on a command line their paths",
    ),
  }),
  output: done.extend({
    files: z.int().describe("How many files the field has now"),
  }),
  errors: ACT_ERRORS,
});

export const browserFocus = operation({
  name: "browser.focus",
  summary: "Give an element the focus",
  http: { method: "POST", path: "/v1/dom/focus", status: 200 },
  input: targeted({}),
  output: done,
  errors: ACT_ERRORS,
});

export const browserEvaluate = operation({
  name: "browser.evaluate",
  summary: "Evaluate a JavaScript expression in the active page and return its JSON value",
  http: { method: "POST", path: "/v1/script/evaluate", status: 200 },
  input: z.strictObject({
    expression: z.string().min(1).max(TEXT_LENGTH_MAX)
      .describe("JavaScript; with args an expression of a function"),
    args: z.array(z.json()).max(100).optional()
      .describe("What the function is called with; left out: the expression is only evaluated"),
    await_promise: z.boolean().default(true)
      .describe("Wait for a promise to settle, and answer with what it settles to"),
    ...actionFields,
  }),
  output: z.object({
    result: z.json().describe("As JSON has it; null stands for undefined, too"),
  }),
  errors: ["script_failed", "result_not_serializable", "result_too_large", "timeout"],
});

/** About what is done on a page; served by the agent. */
export const actOperations = {
  click: browserClick,
  doubleClick: browserDoubleClick,
  hover: browserHover,
  drag: browserDrag,
  type: browserType,
  fill: browserFill,
  press: browserPress,
  selectOption: browserSelectOption,
  check: browserCheck,
  uncheck: browserUncheck,
  scroll: browserScroll,
  uploadFiles: browserUploadFiles,
  focus: browserFocus,
  evaluate: browserEvaluate,
} as const;
