import type { browserClick, browserDoubleClick } from "../../protocol/act.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import type { ActionContext } from "../action_runner.ts";
import { clickElement } from "./click_element.ts";

/** Clicks the element's centre, or another place of it, once it is ready. */
export async function click(
  { button, count, modifiers, position, ...target }: ParsedOf<typeof browserClick>,
  context: ActionContext,
): Promise<OutputOf<typeof browserClick>> {
  using _element = await clickElement(target, context, { position, button, count, modifiers });
  return { status: "ok" };
}

/** Two clicks that count as one. */
export async function doubleClick(
  input: ParsedOf<typeof browserDoubleClick>,
  context: ActionContext,
): Promise<OutputOf<typeof browserDoubleClick>> {
  return await click({ ...input, count: 2 }, context);
}
