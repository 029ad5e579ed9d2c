/// <reference lib="dom" />
/**
 * From what a page shows to Markdown. It runs inside the page: it is sent as text, so it stands by
 * itself, beside the libraries that it is given.
 *
 * @module
 */
import type { PageLibraries } from "../page_libraries.ts";
import type { Look } from "./in_page.ts";
import type { copyShown } from "./shown_copy.ts";

/** What was made of the page. */
export interface Markdown {
  readonly text: string;
  /** Of the whole text. */
  readonly length: number;
  readonly isCut: boolean;
  /** Whether it is the main part alone. */
  readonly isMain: boolean;
  readonly title: string;
  readonly url: string;
  /** As in a copy of what is shown. */
  readonly mark: string;
  readonly frames: number;
}

/** The parts of the libraries that are used. */
interface Turndown {
  use(plugin: unknown): Turndown;
  turndown(node: Node): string;
}
type MakeTurndown = new (options: object) => Turndown;
type MakeReadability = new (copy: Document) => { parse(): { content: string } | null };

/** Settings of {@linkcode toMarkdown}. */
export interface MarkdownOptions {
  readonly mainOnly: boolean;
  readonly lengthMax: number;
  readonly nodesMax: number;
  readonly depthMax: number;
}

/** What the element shows, or the main part of it; of the root element the whole page. */
export function toMarkdown(
  { turndown, gfm, readability, copy }: PageLibraries & { readonly copy: typeof copyShown },
  root: Element,
  { mainOnly, lengthMax, nodesMax, depthMax }: MarkdownOptions,
): Look<Markdown> {
  const shown = copy(root, nodesMax, depthMax);
  const Readability = readability as MakeReadability;
  const main = mainOnly
    ? new Readability(shown.document.cloneNode(true) as Document).parse()
    : null;
  const body = main === null
    ? shown.document.body
    : new DOMParser().parseFromString(main.content, "text/html").body;
  const Turndown = turndown as MakeTurndown;
  const service = new Turndown({
    headingStyle: "atx",
    codeBlockStyle: "fenced",
    bulletListMarker: "-",
    hr: "---",
  }).use((gfm as { readonly gfm: unknown }).gfm);
  const whole = service.turndown(body);
  const isLong = whole.length > lengthMax;
  // Cut at the end of a line where there is one.
  const end = isLong ? whole.lastIndexOf("\n", lengthMax) : -1;
  const text = isLong ? whole.slice(0, end > 0 ? end : lengthMax) : whole;
  return {
    state: "found",
    value: {
      ...{ text, length: whole.length, isCut: isLong || shown.isCut, isMain: main !== null },
      ...{ title: document.title, url: location.href, mark: shown.mark, frames: shown.frames },
    },
  };
}
