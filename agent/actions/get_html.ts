import { RESULT_BYTES_MAX } from "../../protocol/browser.ts";
import type { browserGetHtml } from "../../protocol/look.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import { namesElement } from "../../protocol/target.ts";
import type { ActionContext } from "../action_runner.ts";
import { htmlOf } from "./read_element.ts";
import { fitting } from "./result_size.ts";
import { onTarget } from "./target.ts";

/** Reads the HTML of an element, once there is one, or of the whole page. */
export async function getHtml(
  target: ParsedOf<typeof browserGetHtml>,
  context: ActionContext,
): Promise<OutputOf<typeof browserGetHtml>> {
  const wholePage = !namesElement(target);
  const { element, value } = await onTarget(
    wholePage ? { selector: ":root" } : target,
    context,
    htmlOf,
    wholePage,
    RESULT_BYTES_MAX,
  );
  using _element = element;
  return { html: fitting(value, context.deadline.action) };
}
