import type { browserFocus } from "../../protocol/act.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import type { ActionContext } from "../action_runner.ts";
import { takeFocus } from "./fields.ts";
import { onTarget } from "./target.ts";

/** Gives an element the focus. */
export async function focus(
  target: ParsedOf<typeof browserFocus>,
  context: ActionContext,
): Promise<OutputOf<typeof browserFocus>> {
  const { element } = await onTarget(target, context, takeFocus);
  element[Symbol.dispose]();
  return { status: "ok" };
}
