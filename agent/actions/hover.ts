import type { browserHover } from "../../protocol/act.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import type { ActionContext } from "../action_runner.ts";
import { withKeysHeld } from "./keys.ts";
import { reach } from "./reach.ts";

/** Moves the pointer over the element. */
export async function hover(
  { modifiers, position, ...target }: ParsedOf<typeof browserHover>,
  context: ActionContext,
): Promise<OutputOf<typeof browserHover>> {
  const { page, deadline } = context;
  const { element, point: { x, y } } = await reach(target, context, position ?? null);
  using _element = element;
  await withKeysHeld(
    modifiers,
    context,
    () => deadline.race("the page to take the pointer", page.mouse.move(x, y)),
  );
  return { status: "ok" };
}
