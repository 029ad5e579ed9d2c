/// <reference lib="dom" />
/**
 * Finding elements inside the page: each function is sent as text and stands by itself.
 *
 * @module
 */

/** The first element that matches; open shadow roots are searched when the document has none. */
export function locateSelector(selector: string): Element | null {
  const search = (root: Document | ShadowRoot): Element | null => {
    const found = root.querySelector(selector);
    if (found !== null) return found;
    for (const host of root.querySelectorAll("*")) {
      const inside = host.shadowRoot === null ? null : search(host.shadowRoot);
      if (inside !== null) return inside;
    }
    return null;
  };
  return search(document);
}

/**
 * The innermost element that shows the text, with white space folded and in any case: one that
 * shows nothing else comes before one that shows more, and a visible one before a hidden one.
 */
export function locateText(text: string): Element | null {
  const folded = (shown: string) => shown.replaceAll(/\s+/g, " ").trim().toLowerCase();
  const wanted = folded(text);
  const skipped = new Set(["SCRIPT", "STYLE", "NOSCRIPT", "TEMPLATE", "HEAD", "TITLE"]);
  const buttons = new Set(["button", "submit", "reset"]);
  const shownBy = (element: Element) =>
    element instanceof HTMLInputElement && buttons.has(element.type)
      ? element.value
      : element.shadowRoot?.textContent || element.textContent || "";
  // A form's field stands in place of the member of its name, and "children" is a usual one.
  const childrenOf = (parent: Element): HTMLCollection =>
    Reflect.get(Element.prototype, "children", parent);
  let best: Element | null = null;
  let bestRank = 0;
  const consider = (element: Element, shown: string) => {
    const visible = element.checkVisibility({ visibilityProperty: true });
    const rank = (shown === wanted ? 1 : 0) + (visible ? 2 : 0) + 1;
    if (rank > bestRank) [best, bestRank] = [element, rank];
  };
  const search = (element: Element): boolean => {
    if (skipped.has(element.tagName)) return false;
    const shown = folded(shownBy(element));
    const isShadowed = element.shadowRoot !== null;
    if (!shown.includes(wanted) && !isShadowed && element.querySelector("*") === null) return false;
    let inside = false;
    for (const child of [...element.shadowRoot?.children ?? [], ...childrenOf(element)]) {
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
