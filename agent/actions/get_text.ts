import { RESULT_BYTES_MAX } from "../../protocol/browser.ts";
import type { browserGetText } from "../../protocol/look.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import type { ActionContext } from "../action_runner.ts";
import { textOf } from "./read_element.ts";
import { fitting } from "./result_size.ts";
import { onTarget } from "./target.ts";

/** Reads the text of an element, once there is one. */
export async function getText(
  { visible, ...target }: ParsedOf<typeof browserGetText>,
  context: ActionContext,
): Promise<OutputOf<typeof browserGetText>> {
  const { element, value } = await onTarget(target, context, textOf, visible, RESULT_BYTES_MAX);
  using _element = element;
  return { text: fitting(value, context.deadline.action) };
}
