import type { browserClick, browserDoubleClick } from "../../protocol/act.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import type { ActionContext } from "../action_runner.ts";
import { withKeysHeld } from "./keys.ts";
import { reach } from "./reach.ts";
import { withDialogItStarts } from "./started.ts";

/** Clicks the element's centre, or another place of it, once it is ready. */
export async function click(
  { button, count, modifiers, position, ...target }: ParsedOf<typeof browserClick>,
  context: ActionContext,
): Promise<OutputOf<typeof browserClick>> {
  const { page, deadline } = context;
  const { element, point: { x, y } } = await reach(target, context, position ?? null);
  using _element = element;
  await withKeysHeld(modifiers, context, () =>
    withDialogItStarts(context, async () => {
      await deadline.race("the page to take the pointer", page.mouse.move(x, y));
      await deadline.race("the page to take the click", page.mouse.click(x, y, { button, count }));
    }));
  return { status: "ok" };
}

/** Two clicks that count as one. */
export async function doubleClick(
  input: ParsedOf<typeof browserDoubleClick>,
  context: ActionContext,
): Promise<OutputOf<typeof browserDoubleClick>> {
  return await click({ ...input, count: 2 }, context);
}
