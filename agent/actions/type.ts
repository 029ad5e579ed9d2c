import type { browserType } from "../../protocol/act.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import type { ActionContext } from "../action_runner.ts";
import { focusField } from "./fields.ts";
import { reach } from "./reach.ts";
import { withDialogItStarts } from "./started.ts";

/** Characters typed key by key; longer texts are inserted at once, as by pasting. */
export const KEYSTROKES_MAX = 2_000;

const WAITING_FOR = "the page to take the text";

/** Types behind what the field holds, or in its place. A line feed is the Enter key. */
export async function type(
  { value, clear, ...target }: ParsedOf<typeof browserType>,
  context: ActionContext,
): Promise<OutputOf<typeof browserType>> {
  const { page, cdp, deadline } = context;
  const { element } = await reach(
    target,
    context,
    undefined,
    (element) => element.call(focusField, clear),
  );
  using _element = element;
  await withDialogItStarts(context, async () => {
    if (clear) await deadline.race(WAITING_FOR, page.keyboard.press("Backspace"));
    if (value.length > KEYSTROKES_MAX) {
      await deadline.race(WAITING_FOR, cdp.send("Input.insertText", { text: value }));
      return;
    }
    // One by one, so that nothing is typed any more once the deadline is over.
    for (const character of value) {
      await deadline.race(WAITING_FOR, page.keyboard.type(character));
    }
  });
  return { status: "ok" };
}
