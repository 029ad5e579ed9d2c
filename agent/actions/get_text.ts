import { RESULT_BYTES_MAX } from "../../protocol/browser.ts";
import type { browserGetText } from "../../protocol/look.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import type { ActionContext } from "../action_runner.ts";
import { callInPage } from "../world.ts";
import { whenFound } from "./element.ts";
import { textOf } from "./in_page.ts";
import { fitting } from "./result_size.ts";

/** Reads the text of an element, once there is one. */
export async function getText(
  { selector, visible }: ParsedOf<typeof browserGetText>,
  context: ActionContext,
): Promise<OutputOf<typeof browserGetText>> {
  const text = await whenFound(
    selector,
    context,
    () => callInPage(context, textOf, selector, visible, RESULT_BYTES_MAX),
  );
  return { text: fitting(text, context.deadline.action) };
}
