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
/** Files that one action puts into a field at most; all of them fit a request's body. */
export const FILES_MAX = 32;
/** Keys that one action presses at most. */
const KEY_LENGTH_MAX = 64;

const modifiers = z.array(z.enum(["Alt", "Control", "Meta", "Shift"])).max(4).default([]);
const pixels = z.number().min(-SCROLL_MAX).max(SCROLL_MAX);
/** From the element's upper left corner, in CSS pixels; left out: its centre. */
const position = z.strictObject({ x: pixels, y: pixels }).optional();

const ACT_ERRORS = [...TARGET_ERRORS, "element_not_actionable"] as const;

export const browserClick = operation({
  name: "browser.click",
  summary:
    "Click an element, once it is visible, enabled, still and not covered, and wait for the page that this loads",
  http: { method: "POST", path: "/v1/dom/click", status: 200 },
  input: targeted({
    button: z.enum(["left", "right", "middle"]).default("left"),
    count: z.int().min(1).max(CLICKS_MAX).default(1),
    /** Keys that are held meanwhile. */
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
    button: z.enum(["left", "right", "middle"]).default("left"),
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
  input: targeted({ to: oneTarget }),
  output: done,
  errors: ACT_ERRORS,
});

export const browserType = operation({
  name: "browser.type",
  summary: "Type text into an element, key by key",
  http: { method: "POST", path: "/v1/dom/type", status: 200 },
  input: targeted({
    value: z.string().max(TEXT_LENGTH_MAX),
    /** Empty the field first. */
    clear: z.boolean().default(false),
  }),
  output: done,
  errors: ACT_ERRORS,
});

export const browserFill = operation({
  name: "browser.fill",
  summary: "Put a value into a field in place of what it holds, also a date, a colour or a range",
  http: { method: "POST", path: "/v1/dom/fill", status: 200 },
  input: targeted({ value: z.string().max(TEXT_LENGTH_MAX) }),
  output: done,
  errors: ACT_ERRORS,
});

export const browserPress = operation({
  name: "browser.press",
  summary: "Press a key or a chord such as Control+A, on an element or on what has the focus",
  http: { method: "POST", path: "/v1/dom/press", status: 200 },
  input: maybeTargeted({
    /** A key's name such as Enter or ArrowDown, or its character; + joins the keys of a chord. */
    key: z.string().min(1).max(KEY_LENGTH_MAX),
  }),
  output: done,
  errors: [...ACT_ERRORS, "key_unknown"],
});

export const browserSelectOption = operation({
  name: "browser.select_option",
  summary: "Select options of a list by value, by label or by index, and no others",
  http: { method: "POST", path: "/v1/dom/select-option", status: 200 },
  input: targeted({
    options: z.array(z.union([z.string().max(10_000), z.int().min(0)])).max(OPTIONS_MAX),
    /** What the options are named by; an index counts from 0. */
    by: z.enum(["value", "label", "index"]).default("value"),
  }),
  output: done.extend({
    /** The values that are selected now. */
    selected: z.array(z.string()),
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
    /** To the right; with neither x nor y the element comes into view. */
    x: pixels.optional(),
    /** Downwards. */
    y: pixels.optional(),
  }),
  output: done.extend({
    /** Where it stands now, and how far it can be scrolled. */
    x: z.number(),
    y: z.number(),
    x_max: z.number(),
    y_max: z.number(),
  }),
  errors: ACT_ERRORS,
});

export const browserUploadFiles = operation({
  name: "browser.upload_files",
  summary: "Put files into a file field, in place of those that it has",
  http: { method: "POST", path: "/v1/dom/upload-files", status: 200 },
  input: targeted({
    files: z.array(z.strictObject({
      name: z.string().min(1).max(255).regex(/^[^/\0]+$/, "a file's name has no slash"),
      mime_type: z.string().max(255).default("application/octet-stream"),
      /** The content in base64. */
      data: z.base64(),
    })).max(FILES_MAX),
  }),
  output: done.extend({
    /** Files that the field has now. */
    files: z.int(),
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
    expression: z.string().min(1).max(TEXT_LENGTH_MAX),
    /** When given, the expression is a function, which is called with these. */
    args: z.array(z.json()).max(100).optional(),
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
