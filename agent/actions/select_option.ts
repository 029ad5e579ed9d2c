import type { browserSelectOption } from "../../protocol/act.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import type { ActionContext } from "../action_runner.ts";
import { selectOptions } from "./fields.ts";
import type { Look } from "./in_page.ts";
import { reach } from "./reach.ts";
import { withWhatItStarts } from "./started.ts";

/** Selects options of a list, once they are there. */
export async function selectOption(
  { options, by, ...target }: ParsedOf<typeof browserSelectOption>,
  context: ActionContext,
): Promise<OutputOf<typeof browserSelectOption>> {
  // On a command line an index is a text.
  const wanted = by === "index" ? options.map(Number) : options.map(String);
  let selected: string[] = [];
  const { element } = await withWhatItStarts(
    context,
    () =>
      reach(target, context, undefined, async (element) => {
        const look: Look<string[]> = await element.call(selectOptions, by ?? null, wanted);
        if (look.state === "found") selected = look.value;
        return look;
      }),
  );
  element[Symbol.dispose]();
  return { status: "ok", selected };
}
