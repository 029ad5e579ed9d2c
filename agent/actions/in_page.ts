/// <reference lib="dom" />
/**
 * Functions that run inside the page: each is sent as text, so it stands by itself and uses
 * nothing but its arguments and the page's globals.
 *
 * @module
 */

/** What looking for an element came to. */
export type Look<T> =
  | { readonly state: "found"; readonly value: T }
  | { readonly state: "absent" }
  | { readonly state: "invalid"; readonly reason: string }
  /** It is there, but what is asked cannot be done now; `reason` begins with "it". */
  | { readonly state: "blocked"; readonly reason: string };

/** A place in the viewport, in CSS pixels. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * Scrolls the element into view and tells where to click it, or what stands against it: it has to
 * be visible, enabled, still for two frames, and what a click at its centre hits.
 */
export async function lookForTarget(selector: string): Promise<Look<Point>> {
  let element: Element | null;
  try {
    element = document.querySelector(selector);
  } catch (error) {
    return { state: "invalid", reason: error instanceof Error ? error.message : String(error) };
  }
  if (element === null) return { state: "absent" };
  const target = element;
  const blocked = (reason: string) => ({ state: "blocked" as const, reason });
  const describe = ({ localName, id, className }: Element) =>
    `<${localName}${id ? ` id="${id}"` : ""}` +
    `${typeof className === "string" && className ? ` class="${className}"` : ""}>`;
  const boxOf = () => [...target.getClientRects()].find(({ width, height }) => width * height > 0);
  const centreOf = ({ left, top, width, height }: DOMRect) => ({
    x: left + width / 2,
    y: top + height / 2,
  });
  const inViewport = ({ x, y }: Point) => x >= 0 && y >= 0 && x < innerWidth && y < innerHeight;

  const first = boxOf();
  if (first === undefined) return blocked("it is not visible: it has no size");
  if (!target.checkVisibility({ visibilityProperty: true })) {
    return blocked("it is not visible: its style hides it");
  }
  if (target.matches(":disabled") || target.closest('[aria-disabled="true"]') !== null) {
    return blocked("it is disabled");
  }
  if (!inViewport(centreOf(first))) {
    target.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
  }

  const before = boxOf();
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
  const after = boxOf();
  if (before === undefined || after === undefined) return blocked("it is not visible any more");
  const still = (["left", "top", "width", "height"] as const).every((side) =>
    Math.abs(before[side] - after[side]) < 0.5
  );
  if (!still) return blocked("it is moving");

  const point = centreOf(after);
  let hit = document.elementFromPoint(point.x, point.y);
  while (hit?.shadowRoot) {
    const inner: Element | null = hit.shadowRoot.elementFromPoint(point.x, point.y);
    if (inner === null || inner === hit) break;
    hit = inner;
  }
  if (hit === null) return blocked("its centre is outside the viewport");
  if (hit.closest("label")?.control === target) return { state: "found", value: point };
  for (let node: Node | null = hit; node !== null;) {
    if (node === target) return { state: "found", value: point };
    node = node.parentNode ?? (node instanceof ShadowRoot ? node.host : null);
  }
  return hit.contains(target)
    ? blocked(`it lets clicks through to ${describe(hit)}`)
    : blocked(`it is covered by ${describe(hit)}`);
}

/** Focuses a field and selects its content, or puts the caret behind it. */
export function focusField(selector: string, selectAll: boolean): Look<true> {
  const element = document.querySelector(selector);
  if (element === null) return { state: "absent" };
  const field = element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement;
  const untypable = ["button", "checkbox", "color", "file", "hidden", "image"]
    .concat(["radio", "range", "reset", "submit"]);
  const editable = field
    ? !untypable.includes(element.type)
    : element instanceof HTMLElement && element.isContentEditable;
  if (!editable) {
    return {
      state: "blocked",
      reason: `it takes no text: it is <${element.localName}` +
        `${element instanceof HTMLInputElement ? ` type="${element.type}"` : ""}>`,
    };
  }
  if (field && element.readOnly) return { state: "blocked", reason: "it is read-only" };
  const host = field ? element : element.closest<HTMLElement>("[contenteditable]");
  (host ?? document.body).focus({ preventScroll: true });
  if (field && document.activeElement !== element) {
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

/** A script's result as JSON text, or why it is none. */
export type Json =
  | { readonly json: string }
  | { readonly reason: string }
  | { readonly tooLong: number };

/**
 * Called on a script's result. What JSON would silently change or drop (NaN, functions, maps,
 * nodes, cycles) is refused by name; undefined becomes null, and dates their text.
 */
export function toJson(this: unknown, lengthMax: number): Json {
  const refuse = (key: string, what: string): never => {
    throw new TypeError(key === "" ? `it is ${what}` : `its member "${key}" is ${what}`);
  };
  const check = (key: string, value: unknown): unknown => {
    if (typeof value === "number" && !Number.isFinite(value)) refuse(key, String(value));
    if (["bigint", "function", "symbol"].includes(typeof value)) refuse(key, `a ${typeof value}`);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    const kind = Object.prototype.toString.call(value).slice("[object ".length, -1);
    if (!["Object", "String", "Number", "Boolean"].includes(kind)) refuse(key, `a ${kind}`);
    return value;
  };
  try {
    const json = JSON.stringify(this, check) ?? "null";
    return json.length <= lengthMax ? { json } : { tooLong: json.length };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}
