/// <reference lib="dom" />
/**
 * A copy of what a page shows. It runs inside the page: it is sent as text, so it stands by itself.
 *
 * @module
 */
import { plain } from "../plain.ts";
import type { Noted } from "./inner_frames.ts";

/** What was copied. */
export interface ShownCopy {
  /** Runs nothing and loads nothing; what was copied is in its body. */
  readonly document: Document;
  /** Whether there was more than was copied. */
  readonly isCut: boolean;
  /** Where a frame stood stands this, its number from 0 and an x. */
  readonly mark: string;
  /** How many stood there; they are noted for `inner_frames.ts`. */
  readonly frames: number;
}

/**
 * Copies an element with what it shows of itself: nothing hidden, no scripts, marks for frames,
 * shadow trees in place of their hosts' children, and every address absolute.
 */
export function copyShown(root: Element, nodesMax: number, depthMax: number): ShownCopy {
  const copy = document.implementation.createHTMLDocument(document.title);
  copy.documentElement.lang = document.documentElement.lang;
  for (const meta of document.querySelectorAll("meta[name], meta[property]")) {
    copy.head.append(copy.importNode(meta));
  }
  const skipped = new Set(
    "script style noscript template object embed canvas svg audio video select".split(" "),
  );
  const fields = new Set("button fieldset img input output textarea".split(" "));
  let [left, isCut] = [nodesMax, false];

  const frames: Element[] = [];
  const places: Element[] = [];

  const isShown = (element: Element) =>
    plain(element).checkVisibility() || getComputedStyle(element).display === "contents";
  const childrenOf = (element: Element): Iterable<Node> => {
    const { shadowRoot, childNodes } = plain(element);
    if (shadowRoot !== null) return shadowRoot.childNodes;
    const assigned = element instanceof HTMLSlotElement ? element.assignedNodes() : [];
    return assigned.length > 0 ? assigned : childNodes;
  };
  const shallow = (element: Element) => {
    const made = copy.importNode(element, false);
    // Else a field would stand in place of a member of its form in the copy, too.
    if (fields.has(plain(made).localName)) {
      ["id", "name"].forEach((name) => made.removeAttribute(name));
    }
    if (element instanceof HTMLAnchorElement && element.hasAttribute("href")) {
      made.setAttribute("href", element.href);
    }
    if (element instanceof HTMLImageElement) {
      // A picture that stands in its own address would be larger than all the text.
      const source = element.currentSrc || element.src;
      made.removeAttribute("srcset");
      made.setAttribute("src", /^data:/i.test(source) ? "" : source);
    }
    return made;
  };
  const copyInto = (parent: Element, node: Node, depth: number): void => {
    if (node instanceof Text) {
      const holder = node.parentElement;
      const isHidden = holder !== null && getComputedStyle(holder).visibility !== "visible";
      return isHidden ? undefined : parent.append(copy.createTextNode(node.data));
    }
    if (!(node instanceof Element) || skipped.has(plain(node).localName) || !isShown(node)) return;
    if (left-- <= 0 || depth > depthMax) return void (isCut = true);
    if (["iframe", "frame"].includes(plain(node).localName)) {
      const place = copy.createElement("p");
      places.push(place);
      frames.push(node);
      return parent.append(place);
    }
    const made = shallow(node);
    parent.append(made);
    for (const child of childrenOf(node)) copyInto(made, child, depth + 1);
  };
  const isPage = root === document.documentElement || root === document.body;
  const nodes = isPage ? childrenOf(document.body ?? root) : [root];
  for (const node of nodes) copyInto(copy.body, node, 0);
  // It stands for nothing but frames.
  let mark = "viperframex";
  for (let at = 0; copy.body.textContent?.includes(mark); at++) mark = `viperframe${at}x`;
  for (const [at, place] of places.entries()) place.textContent = `${mark}${at}x`;
  (globalThis as Noted)[Symbol.for("viper.frames")] = frames;
  return { document: copy, isCut, mark, frames: frames.length };
}
