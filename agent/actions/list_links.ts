/// <reference lib="dom" />
import type { browserLinks, PageLink } from "../../protocol/reading.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import { namesElement } from "../../protocol/target.ts";
import { patternSource } from "../../protocol/url_pattern.ts";
import type { ActionContext } from "../action_runner.ts";
import { plain } from "../plain.ts";
import type { Look } from "./in_page.ts";
import { onTarget } from "./target.ts";

/** Lists the links in an element, or in the whole page. */
export async function listLinks(
  { limit, unique, visible, glob, regex, ...target }: ParsedOf<typeof browserLinks>,
  context: ActionContext,
): Promise<OutputOf<typeof browserLinks>> {
  const { element, value } = await onTarget(
    namesElement(target) ? target : { selector: ":root" },
    context,
    linksIn,
    { limit, unique, visible, pattern: patternSource({ glob, regex }) },
  );
  using _element = element;
  return value;
}

interface LinkOptions {
  readonly limit: number;
  readonly unique: boolean;
  readonly visible: boolean;
  /** A regular expression of URLs. */
  readonly pattern: string | null;
}

/** Runs in the page; open shadow trees are searched, too. */
function linksIn(
  root: Element,
  { limit, unique, visible, pattern }: LinkOptions,
): Look<OutputOf<typeof browserLinks>> {
  const fits = new RegExp(pattern ?? "");
  const links: PageLink[] = [];
  const known = new Set<string>();
  let total = 0;
  const textOf = (link: Element) => {
    const shown = link instanceof HTMLElement ? link.innerText : link.textContent;
    const named = shown?.trim() || link.getAttribute("aria-label") || link.getAttribute("title") ||
      link.querySelector("img[alt]")?.getAttribute("alt") || link.getAttribute("alt") || "";
    return named.replaceAll(/\s+/g, " ").trim().slice(0, 500);
  };
  const take = (element: Element) => {
    if (!(element instanceof HTMLAnchorElement || element instanceof HTMLAreaElement)) return;
    const { href } = element;
    if (href === "" || !fits.test(href) || unique && known.has(href)) return;
    if (visible && !element.checkVisibility({ visibilityProperty: true })) return;
    known.add(href);
    total++;
    if (links.length < limit) links.push({ url: href, text: textOf(element) });
  };
  const search = (scope: Element | ShadowRoot) => {
    for (const element of plain(scope).querySelectorAll("*")) {
      take(element);
      const { shadowRoot } = plain(element);
      if (shadowRoot !== null) search(shadowRoot);
    }
  };
  take(root);
  const { shadowRoot } = plain(root);
  if (shadowRoot !== null) search(shadowRoot);
  search(root);
  return { state: "found", value: { links, total, truncated: total > links.length } };
}
