import { RESULT_BYTES_MAX } from "../../protocol/browser.ts";
import type { browserGetAttribute } from "../../protocol/look.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import type { ActionContext } from "../action_runner.ts";
import { attributeOf } from "./read_element.ts";
import { fitting } from "./result_size.ts";
import { onTarget } from "./target.ts";

/** Reads an attribute of an element, once there is one; to lack the attribute is no failure. */
export async function getAttribute(
  { name, ...target }: ParsedOf<typeof browserGetAttribute>,
  context: ActionContext,
): Promise<OutputOf<typeof browserGetAttribute>> {
  const { element, value } = await onTarget(target, context, attributeOf, name, RESULT_BYTES_MAX);
  using _element = element;
  if (value === null) return { value: "", exists: false };
  return { value: fitting(value, context.deadline.action), exists: true };
}
