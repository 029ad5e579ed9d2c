/// <reference lib="dom" />
import type { browserLinks, PageLink } from "../../protocol/reading.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import { namesElement } from "../../protocol/target.ts";
import { patternSource } from "../../protocol/url_pattern.ts";
import type { ActionContext } from "../action_runner.ts";
import type { PageFrame } from "../frames.ts";
import { PageElement } from "../page_element.ts";
import { plain } from "../plain.ts";
import { findInFrame } from "../world.ts";
import type { Look } from "./in_page.ts";
import {
  FRAMES_DEPTH_MAX,
  type Hanging,
  type Noted,
  notedFrames,
  readFrame,
} from "./inner_frames.ts";
import { locateSelector } from "./locate.ts";
import { onTarget } from "./target.ts";

/** Lists the links in an element, or in the whole page. */
export async function listLinks(
  { limit, unique, visible, glob, regex, ...target }: ParsedOf<typeof browserLinks>,
  context: ActionContext,
): Promise<Links> {
  const options = { limit, unique, visible, pattern: patternSource({ glob, regex }) };
  const { element, value } = await onTarget(
    namesElement(target) ? target : { selector: ":root" },
    context,
    linksIn,
    options,
  );
  using _element = element;
  return await withFrames(value, element.frame, context, options);
}

/** Then come the links in frames, and in the frames in these. */
async function withFrames(
  { links, total }: Links,
  frame: PageFrame,
  context: ActionContext,
  options: LinkOptions,
): Promise<Links> {
  const hanging: Hanging = new Set();
  const known = new Set(links.map(({ url }) => url));
  const all = [...links];
  let sum = total;
  const addFrames = async (outer: PageFrame, depth: number): Promise<void> => {
    if (depth === FRAMES_DEPTH_MAX) return;
    for (const { inner } of await notedFrames(outer, hanging, context)) {
      const own = await readFrame(inner, hanging, context, async (bound) => {
        const objectId = await findInFrame(inner, bound, locateSelector, ":root");
        if (objectId === null) return null;
        using root = new PageElement(inner, objectId, bound);
        const look = await root.call(linksIn, options);
        return look.state === "found" ? look.value : null;
      });
      if (own === null) continue;
      const more = own.links.filter(({ url }) => !options.unique || !known.has(url));
      more.forEach(({ url }) => known.add(url));
      all.push(...more);
      sum += own.total - own.links.length + more.length;
      await addFrames(inner, depth + 1);
    }
  };
  await addFrames(frame, 0);
  return { links: all.slice(0, options.limit), total: sum, truncated: sum > options.limit };
}

type Links = OutputOf<typeof browserLinks>;

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
): Look<Links> {
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
  const frames: Element[] = [];
  const take = (element: Element) => {
    if (["iframe", "frame"].includes(plain(element).localName)) {
      if (!visible || element.checkVisibility({ visibilityProperty: true })) frames.push(element);
      return;
    }
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
  (globalThis as Noted)[Symbol.for("viper.frames")] = frames;
  return { state: "found", value: { links, total, truncated: total > links.length } };
}
