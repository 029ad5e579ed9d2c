import type { browserClick } from "../../protocol/act.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import type { ActionContext } from "../action_runner.ts";
import { quote } from "../quote.ts";
import { callInPage } from "../world.ts";
import { whenFound } from "./element.ts";
import { lookForTarget } from "./in_page.ts";

/** Clicks the element's centre once it is visible, enabled, still and not covered. */
export async function click(
  { selector, button }: ParsedOf<typeof browserClick>,
  context: ActionContext,
): Promise<OutputOf<typeof browserClick>> {
  const { x, y } = await whenFound(
    quote(selector),
    context,
    () => callInPage(context, lookForTarget, selector),
  );
  const clicked = context.page.mouse.click(x, y, { button });
  await context.deadline.race("the page to take the click", clicked);
  return { status: "ok" };
}
