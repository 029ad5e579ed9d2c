/// <reference lib="dom" />
import { RESULT_BYTES_MAX } from "../../protocol/browser.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { browserScrape } from "../../protocol/reading.ts";
import type { ActionContext } from "../action_runner.ts";
import { plain } from "../plain.ts";
import { framesOf } from "../frames.ts";
import { quote } from "../quote.ts";
import { callInDocument, callInFrame } from "../world.ts";
import { type Hanging, readFrame } from "./inner_frames.ts";
import { assertFits } from "./result_size.ts";

type Results = OutputOf<typeof browserScrape>["results"];
type Scraped =
  | { readonly results: Results; readonly url: string }
  | { readonly invalid: string }
  | { readonly tooLong: number };

/** Reads all elements that match, as the page stands. */
export async function scrape(
  { selectors, limit }: ParsedOf<typeof browserScrape>,
  context: ActionContext,
): Promise<OutputOf<typeof browserScrape>> {
  const { action } = context.deadline;
  const scraped = await callInDocument(context, scrapeDocument, selectors, limit, RESULT_BYTES_MAX);
  if ("invalid" in scraped) {
    const reason = `${quote(scraped.invalid)} is not a valid selector`;
    throw new ViperError("selector_invalid", `Cannot ${action}: ${reason}`);
  }
  if ("tooLong" in scraped) return tooLong(scraped.tooLong, action);
  const results = await withFrames(scraped.results, selectors, limit, context);
  assertFits(new TextEncoder().encode(JSON.stringify(results)).length, action);
  return { results };
}

/** Then come the elements in frames. */
async function withFrames(
  own: Results,
  selectors: readonly string[],
  limit: number,
  context: ActionContext,
): Promise<Results> {
  const { page, cdp, deadline } = context;
  const hanging: Hanging = new Set();
  const results = own.map((result) => ({ ...result, elements: [...result.elements] }));
  let room = RESULT_BYTES_MAX;
  for (const frame of framesOf(page, cdp).slice(1)) {
    const scraped = await readFrame(
      frame,
      hanging,
      context,
      (bound) => callInFrame(frame, bound, scrapeDocument, selectors, limit, room),
    );
    if (scraped === null || "invalid" in scraped) continue;
    if ("tooLong" in scraped) return tooLong(RESULT_BYTES_MAX + 1, deadline.action);
    room -= JSON.stringify(scraped.results).length;
    for (const [at, { elements, total }] of scraped.results.entries()) {
      const result = results[at];
      if (result === undefined) continue;
      const told = elements.slice(0, limit - result.elements.length);
      result.elements.push(...told.map((element) => ({ ...element, frame: scraped.url })));
      result.total += total;
    }
  }
  return results;
}

function tooLong(length: number, action: string): never {
  assertFits(length, action);
  throw new Error(`Cannot ${action}: it has ${length} characters`);
}

/** Runs in the page. */
function scrapeDocument(selectors: readonly string[], limit: number, lengthMax: number): Scraped {
  const results: Results = [];
  let length = 0;
  for (const selector of selectors) {
    let found: NodeListOf<Element>;
    try {
      found = document.querySelectorAll(selector);
    } catch {
      return { invalid: selector };
    }
    const elements = [];
    for (const element of [...found].slice(0, limit)) {
      const shown = element instanceof HTMLElement
        ? plain(element).innerText
        : plain(element).textContent;
      const [text, html] = [shown ?? "", plain(element).innerHTML];
      const named = [...plain(element).attributes].map(({ name, value }) => [name, value] as const);
      elements.push({ text, html, attributes: Object.fromEntries(named) });
      length += text.length + html.length;
      if (length > lengthMax) return { tooLong: length };
    }
    results.push({ selector, elements, total: found.length });
  }
  return { results, url: location.href };
}
