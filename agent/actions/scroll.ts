import type { browserScroll } from "../../protocol/act.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import type { ActionContext } from "../action_runner.ts";
import { namesElement } from "../../protocol/target.ts";
import { scrollNear } from "./fields.ts";
import { onTarget } from "./target.ts";

/** Scrolls an element into view, or the page or what is around an element by so many pixels. */
export async function scroll(
  { x, y, ...target }: ParsedOf<typeof browserScroll>,
  context: ActionContext,
): Promise<OutputOf<typeof browserScroll>> {
  const by = x === undefined && y === undefined && namesElement(target)
    ? null
    : { x: x ?? 0, y: y ?? 0 };
  const { element, value } = await onTarget(
    namesElement(target) ? target : { selector: "html" },
    context,
    scrollNear,
    by,
  );
  element[Symbol.dispose]();
  return { status: "ok", ...value };
}
