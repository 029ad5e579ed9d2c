/// <reference lib="dom" />
/**
 * Chrome's accessibility tree leaves out what `content-visibility: auto` keeps from being drawn.
 * These functions run in the page, by themselves: one lets it be drawn, one takes that back.
 *
 * @module
 */
import { plain } from "../plain.ts";

/** Elements that keep their size while what is in them is drawn; each costs a rule to match. */
export const KEPT_SIZES_MAX = 2_000;

/** What the first function leaves for the second in our world, where an element's id is no symbol. */
interface Revealed {
  [revealed: symbol]: readonly (readonly [Document | ShadowRoot, CSSStyleSheet])[];
}

/**
 * Has everything drawn that the page would draw once it is scrolled to; tells whether there was
 * any. No node of the page's is touched: each root gets a style sheet, in which what was skipped
 * keeps its size, so that nothing moves, and what is hidden for good stays hidden.
 */
export function revealOffscreen(keptSizesMax: number): boolean {
  const places = new Map<Element, number>();
  const placeOf = (element: Element): number => {
    const known = places.get(element);
    if (known !== undefined) return known;
    const parent = plain(element).parentNode;
    const siblings = parent === null ? null : plain(parent).children;
    [...siblings ?? []].forEach((child, at) => places.set(child, at + 1));
    return places.get(element) ?? 1;
  };
  const pathOf = (element: Element): string => {
    const steps: string[] = [];
    for (let at = element; at !== document.documentElement;) {
      const { localName, parentElement } = plain(at);
      steps.unshift(`${CSS.escape(localName)}:nth-child(${placeOf(at)})`);
      if (parentElement === null) return [":host", ...steps].join(" > ");
      at = parentElement;
    }
    return [":root", ...steps].join(" > ");
  };
  /** Of the box inside padding and border, as contain-intrinsic-size means it. */
  const sizeOf = (style: CSSStyleDeclaration, length: string, ...sides: string[]): string => {
    const lengthOf = (name: string) => Number.parseFloat(style.getPropertyValue(name)) || 0;
    const around = sides.map((side) =>
      lengthOf(`padding-${side}`) + lengthOf(`border-${side}-width`)
    );
    const outer = style.boxSizing === "border-box" ? around.reduce((sum, one) => sum + one, 0) : 0;
    return `auto ${Math.max(0, lengthOf(length) - outer)}px`;
  };
  const roots: (Document | ShadowRoot)[] = [document];
  const rules: string[][] = [];
  let skipping = 0;
  for (const root of roots) {
    const own = ["* { content-visibility: visible !important }"];
    for (const element of root.querySelectorAll("*")) {
      const { shadowRoot } = plain(element);
      if (shadowRoot !== null) roots.push(shadowRoot);
      const style = getComputedStyle(element);
      if (style.contentVisibility === "hidden") {
        own.push(`${pathOf(element)} { content-visibility: hidden !important }`);
      }
      if (style.contentVisibility !== "auto" || ++skipping > keptSizesMax) continue;
      const size = `${sizeOf(style, "width", "left", "right")} ${
        sizeOf(style, "height", "top", "bottom")
      }`;
      own.push(`${pathOf(element)} { content-visibility: visible !important;
        contain: strict !important; contain-intrinsic-size: ${size} !important }`);
    }
    rules.push(own);
  }
  if (skipping === 0) return false;
  const revealed = roots.map((root, at) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync((rules[at] ?? []).join("\n"));
    root.adoptedStyleSheets.push(sheet);
    return [root, sheet] as const;
  });
  (globalThis as Revealed)[Symbol.for("viper.revealed")] = revealed;
  return true;
}

/** Takes back what the other did. */
export function hideOffscreen(): void {
  const world = globalThis as Revealed;
  const key = Symbol.for("viper.revealed");
  for (const [root, sheet] of world[key] ?? []) {
    const at = root.adoptedStyleSheets.indexOf(sheet);
    if (at >= 0) root.adoptedStyleSheets.splice(at, 1);
  }
  world[key] = [];
}
