/// <reference lib="dom" />
/**
 * Finding elements inside the page: each function is sent as text and stands by itself.
 *
 * @module
 */
import { plain } from "../plain.ts";

/** The first element that matches; open shadow roots are searched when the document has none. */
export function locateSelector(selector: string): Element | null {
  const search = (root: Document | ShadowRoot): Element | null => {
    const found = root.querySelector(selector);
    if (found !== null) return found;
    for (const host of root.querySelectorAll("*")) {
      const { shadowRoot } = plain(host);
      const inside = shadowRoot === null ? null : search(shadowRoot);
      if (inside !== null) return inside;
    }
    return null;
  };
  return search(document);
}

/**
 * The innermost element that shows the text, with white space folded and in any case: one that
 * shows nothing else comes before one that shows more, a visible one before a hidden one, and of
 * equals a control before a heading that says the same.
 */
export function locateText(text: string): Element | null {
  const folded = (shown: string) => shown.replaceAll(/\s+/g, " ").trim().toLowerCase();
  const wanted = folded(text);
  const skipped = new Set(["SCRIPT", "STYLE", "NOSCRIPT", "TEMPLATE", "HEAD", "TITLE"]);
  const buttons = new Set(["button", "submit", "reset"]);
  const shownBy = (element: Element) =>
    element instanceof HTMLInputElement && buttons.has(element.type)
      ? element.value
      : plain(element).shadowRoot?.textContent || plain(element).textContent || "";
  const controls = "a[href], button, input, label, option, select, summary, textarea, [onclick], " +
    ["button", "checkbox", "link", "menuitem", "option", "radio", "switch", "tab", "treeitem"]
      .map((role) => `[role="${role}"]`).join();
  let best: Element | null = null;
  let bestRank = 0;
  const consider = (element: Element, shown: string) => {
    const visible = plain(element).checkVisibility({ visibilityProperty: true });
    const control = plain(element).closest(controls) !== null;
    const rank = (control ? 1 : 0) + (shown === wanted ? 2 : 0) + (visible ? 4 : 0) + 1;
    if (rank > bestRank) [best, bestRank] = [element, rank];
  };
  const search = (element: Element): boolean => {
    const { tagName, shadowRoot, children } = plain(element);
    if (skipped.has(tagName)) return false;
    const shown = folded(shownBy(element));
    if (!shown.includes(wanted) && shadowRoot === null && children.length === 0) return false;
    let inside = false;
    for (const child of [...shadowRoot?.children ?? [], ...children]) {
      inside = search(child) || inside;
    }
    if (inside || !shown.includes(wanted)) return inside;
    consider(element, shown);
    return true;
  };
  search(document.body ?? document.documentElement);
  return best;
}

/** The frame's document. */
export function locateDocument(): Document {
  return document;
}
