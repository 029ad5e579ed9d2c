/// <reference lib="dom" />
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import { patternSource } from "../../protocol/url_pattern.ts";
import type { browserWaitUrl } from "../../protocol/waits.ts";
import type { ActionContext } from "../action_runner.ts";
import { quote } from "../quote.ts";
import { callInPage } from "../world.ts";
import { placeOf } from "./going.ts";
import { untilMet } from "./wait_until_met.ts";

/** Waits until the page is at a URL, and its document so far. */
export async function waitUrl(
  { url, glob, regex, wait_until }: ParsedOf<typeof browserWaitUrl>,
  context: ActionContext,
): Promise<OutputOf<typeof browserWaitUrl>> {
  const pattern = patternSource({ glob, regex });
  const { loads, deadline } = context;
  await untilMet(context, async () => {
    // The pattern is the caller's, and may take for ever: it does so in the page.
    const { at, fits } = await callInPage(context, fitsUrl, url ?? null, pattern);
    return fits
      ? { isMet: true, value: true }
      : { isMet: false, seen: `the page is at ${quote(at)}` };
  });
  await loads.reach(wait_until, loads.count - 1, deadline);
  return await placeOf(context, true);
}

/** Runs in the page. */
function fitsUrl(url: string | null, pattern: string | null): { at: string; fits: boolean } {
  const at = location.href;
  return { at, fits: pattern === null ? at === url : new RegExp(pattern).test(at) };
}
