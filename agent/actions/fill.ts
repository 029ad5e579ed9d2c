import type { browserFill } from "../../protocol/act.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import type { ActionContext } from "../action_runner.ts";
import type { PageElement } from "../page_element.ts";
import { focusField, pickValue } from "./fields.ts";
import type { Look } from "./in_page.ts";
import { reach } from "./reach.ts";

const WAITING_FOR = "the page to take the value";

/** Puts a value into a field at once, as by pasting or picking. */
export async function fill(
  { value, ...target }: ParsedOf<typeof browserFill>,
  context: ActionContext,
): Promise<OutputOf<typeof browserFill>> {
  const { page, cdp, deadline } = context;
  let isPicked = false;
  const put = async (element: PageElement): Promise<Look<unknown>> => {
    const picked = await element.call(pickValue, value);
    if (picked.state !== "found") return picked;
    isPicked = picked.value;
    return isPicked ? picked : await element.call(focusField, true);
  };
  const { element } = await reach(target, context, undefined, put);
  using _element = element;
  if (isPicked) return { status: "ok" };
  const typing = value === ""
    ? page.keyboard.press("Backspace")
    : cdp.send("Input.insertText", { text: value });
  await deadline.race(WAITING_FOR, typing);
  return { status: "ok" };
}
