/// <reference lib="dom" />
/**
 * Functions that run inside the page, on a field of a form: each is sent as text, so it stands by
 * itself and uses nothing but its arguments and the page's globals.
 *
 * @module
 */
import { plain } from "../plain.ts";
import { withParts } from "../world.ts";
import type { Look } from "./in_page.ts";

/** Focuses a field and selects its content, or puts the caret behind it. */
export const focusField = withParts(focusOn, fieldOf);

function focusOn(named: Element, selectAll: boolean): Look<true> {
  const element = fieldOf(named);
  const field = element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement;
  const untypable = ["button", "checkbox", "color", "file", "hidden", "image"]
    .concat(["radio", "range", "reset", "submit"]);
  const editable = field
    ? !untypable.includes(element.type)
    : element instanceof HTMLElement && plain(element).isContentEditable;
  if (!editable) {
    return {
      state: "blocked",
      reason: `it takes no text: it is <${plain(element).localName}` +
        `${element instanceof HTMLInputElement ? ` type="${element.type}"` : ""}>`,
    };
  }
  if (field && element.readOnly) return { state: "blocked", reason: "it is read-only" };
  const host = field ? element : plain(element).closest<HTMLElement>("[contenteditable]");
  plain(host ?? document.body).focus({ preventScroll: true });
  if (field && (element.getRootNode() as Document | ShadowRoot).activeElement !== element) {
    return { state: "blocked", reason: "it does not take the focus" };
  }
  const selection = getSelection();
  if (field && selectAll) element.select();
  else if (field) selection?.modify("move", "forward", "documentboundary");
  else {
    selection?.selectAllChildren(element);
    if (!selectAll) selection?.collapseToEnd();
  }
  return { state: "found", value: true };
}

/**
 * Sets the value of a field that is no text, such as a date or a colour, as if it had been picked.
 * `false` says that the field is a text, which is for the keyboard. What it does not take leaves it
 * as it is.
 */
export const pickValue = withParts(pick, fieldOf);

function pick(named: Element, value: string): Look<boolean> {
  const element = fieldOf(named);
  const picked = ["color", "date", "datetime-local", "month", "range", "time", "week"];
  const isInput = element instanceof HTMLInputElement;
  if (!isInput || element.type !== "number" && !picked.includes(element.type)) {
    return { state: "found", value: false };
  }
  if (element.readOnly) return { state: "blocked", reason: "it is read-only" };
  const { type } = element;
  const trial = element.cloneNode() as HTMLInputElement;
  trial.value = value;
  // Chrome writes dates and colours in its own way; what it cannot read it puts another in place of.
  const isTaken = type === "color"
    ? trial.value === value.toLowerCase()
    : type === "range"
    ? value.trim() !== "" && Number(trial.value) === Number(value)
    : (trial.value === "") === (value === "");
  if (!isTaken) {
    const examples: Readonly<Record<string, string>> = {
      ...{ color: "#1a2b3c", date: "2026-12-31", "datetime-local": "2026-12-31T13:45" },
      ...{ month: "2026-12", number: "1.5", range: "50", time: "13:45", week: "2026-W53" },
    };
    const reason = `it is <input type="${type}">, and takes a value such as ${examples[type]}`;
    return { state: "blocked", reason };
  }
  if (type === "number") return { state: "found", value: false };
  element.focus({ preventScroll: true });
  element.value = trial.value;
  element.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
  element.dispatchEvent(new Event("change", { bubbles: true }));
  return { state: "found", value: true };
}

/** How an option is named. */
export type OptionKey = "value" | "label" | "index";

/** Selects these options and no others; tells the values that are selected then. */
export const selectOptions = withParts(selectIn, fieldOf);

function selectIn(
  named: Element,
  key: OptionKey | null,
  wanted: readonly (string | number)[],
): Look<string[]> {
  const element = fieldOf(named);
  const blocked = (reason: string) => ({ state: "blocked" as const, reason });
  if (!(element instanceof HTMLSelectElement)) {
    return blocked(`it has no options: it is <${plain(element).localName}>`);
  }
  if (wanted.length > 1 && !element.multiple) return blocked("it takes one option only");
  const OPTIONS_TOLD = 20;
  const options = [...element.options];
  const by = {
    value: (name: string | number) => options.find(({ value }) => value === name),
    label: (name: string | number) => options.find(({ label }) => label.trim() === name),
    index: (name: string | number) => options[Number(name)],
  };
  const chosen: HTMLOptionElement[] = [];
  for (const name of wanted) {
    const option = key === null ? by.value(name) ?? by.label(name) : by[key](name);
    if (option === undefined) {
      const told = options.slice(0, OPTIONS_TOLD)
        .map(({ label }) => JSON.stringify(label.trim().slice(0, 50)));
      if (options.length > OPTIONS_TOLD) told.push("…");
      return blocked(
        `it has no option with the ${key ?? "value or label"} ${JSON.stringify(name)}; ` +
          `it has ${told.join(", ") || "none"}`,
      );
    }
    if (option.matches(":disabled")) {
      return blocked(`its option ${JSON.stringify(name)} is disabled`);
    }
    chosen.push(option);
  }
  element.focus({ preventScroll: true });
  for (const option of options) option.selected = chosen.includes(option);
  element.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
  element.dispatchEvent(new Event("change", { bubbles: true }));
  return { state: "found", value: [...element.selectedOptions].map(({ value }) => value) };
}

/** Whether a check box, radio button or switch is on. */
export const isChecked = withParts(isOn, fieldOf);

function isOn(element: Element): Look<boolean> {
  const own = fieldOf(element);
  if (own instanceof HTMLInputElement && ["checkbox", "radio"].includes(own.type)) {
    return { state: "found", value: own.checked };
  }
  const checkable = ["checkbox", "menuitemcheckbox", "menuitemradio", "radio", "switch"];
  if (checkable.includes(plain(own).getAttribute("role") ?? "")) {
    return { state: "found", value: plain(own).getAttribute("aria-checked") === "true" };
  }
  return { state: "blocked", reason: `it cannot be checked: it is <${plain(own).localName}>` };
}

/** A file to be put into a field, with its bytes in base64. */
export interface FileToSet {
  readonly name: string;
  readonly mime_type: string;
  readonly data: string;
}

/** Puts files into a file field, in place of those that it has. */
export const setFiles = withParts(putFiles, fieldOf);

function putFiles(element: Element, files: readonly FileToSet[]): Look<number> {
  const blocked = (reason: string) => ({ state: "blocked" as const, reason });
  const own = fieldOf(element);
  if (!(own instanceof HTMLInputElement) || own.type !== "file") {
    return blocked(`it takes no files: it is <${plain(own).localName}>`);
  }
  if (own.disabled) return blocked("it is disabled");
  if (files.length > 1 && !own.multiple && !own.webkitdirectory) {
    return blocked("it takes one file only");
  }
  const transfer = new DataTransfer();
  for (const { name, mime_type, data } of files) {
    transfer.items.add(new File([Uint8Array.fromBase64(data)], name, { type: mime_type }));
  }
  own.files = transfer.files;
  own.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
  own.dispatchEvent(new Event("change", { bubbles: true }));
  return { state: "found", value: own.files.length };
}

/** The field that is meant: the element, what it is a part of, or what its label is of. */
function fieldOf(element: Element): Element {
  if (element instanceof HTMLElement && plain(element).isContentEditable) return element;
  const fields = "input, select, textarea, button, [role=checkbox], [role=menuitemcheckbox], " +
    "[role=menuitemradio], [role=radio], [role=switch]";
  const field = plain(element).closest(fields);
  return field ?? plain(element).closest("label")?.control ?? element;
}

/** Gives the element the focus. */
export function takeFocus(element: Element): Look<true> {
  if (!(element instanceof HTMLElement || element instanceof SVGElement)) {
    return { state: "blocked", reason: "it cannot have the focus" };
  }
  plain<HTMLElement | SVGElement>(element).focus();
  const root = plain(element).getRootNode() as Document | ShadowRoot;
  const hasFocus = root.activeElement === element || plain(element).contains(root.activeElement);
  return hasFocus
    ? { state: "found", value: true }
    : { state: "blocked", reason: "it does not take the focus" };
}

/** Where something that scrolls stands, and how far it can, in CSS pixels. */
export interface Scrolled {
  readonly x: number;
  readonly y: number;
  readonly x_max: number;
  readonly y_max: number;
}

/** Scrolls the nearest thing around the element that can, by so much; or the element into view. */
export async function scrollNear(
  element: Element,
  by: { readonly x: number; readonly y: number } | null,
): Promise<Look<Scrolled>> {
  const root = document.scrollingElement ?? document.documentElement;
  const canScroll = (candidate: Element) => {
    const { overflowX, overflowY } = getComputedStyle(candidate);
    const scrolls = (overflow: string) => overflow === "auto" || overflow === "scroll";
    const { scrollWidth, scrollHeight, clientWidth, clientHeight } = plain(candidate);
    return scrolls(overflowX) && scrollWidth > clientWidth ||
      scrolls(overflowY) && scrollHeight > clientHeight;
  };
  let scroller: Element | null = element;
  while (scroller !== null && scroller !== root && !canScroll(scroller)) {
    scroller = plain(scroller).parentElement;
  }
  const thing = plain(scroller ?? root);
  if (by === null) {
    plain(element).scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
  } else thing.scrollBy({ left: by.x, top: by.y, behavior: "instant" });
  // The page hears of it with the next frame.
  await new Promise(requestAnimationFrame);
  return {
    state: "found",
    value: {
      x: thing.scrollLeft,
      y: thing.scrollTop,
      x_max: thing.scrollWidth - thing.clientWidth,
      y_max: thing.scrollHeight - thing.clientHeight,
    },
  };
}
