import type { browserPress } from "../../protocol/act.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import type { ActionContext } from "../action_runner.ts";
import { namesElement } from "../../protocol/target.ts";
import { takeFocus } from "./fields.ts";
import { pressChord } from "./keys.ts";
import { withDialogItStarts } from "./started.ts";
import { onTarget } from "./target.ts";

/** Presses a key or a chord on an element, or on what has the focus. */
export async function press(
  { key, ...target }: ParsedOf<typeof browserPress>,
  context: ActionContext,
): Promise<OutputOf<typeof browserPress>> {
  if (namesElement(target)) {
    const { element } = await onTarget(target, context, takeFocus);
    element[Symbol.dispose]();
  }
  await withDialogItStarts(context, () => pressChord(key, context));
  return { status: "ok" };
}
