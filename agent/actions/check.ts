import type { browserCheck, browserUncheck } from "../../protocol/act.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import type { ActionContext } from "../action_runner.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { Target } from "../../protocol/target.ts";
import { clickElement } from "./click_element.ts";
import { isChecked } from "./fields.ts";
import { onTarget } from "./target.ts";

/** Turns a check box, radio button or switch on. */
export async function check(
  target: ParsedOf<typeof browserCheck>,
  context: ActionContext,
): Promise<OutputOf<typeof browserCheck>> {
  return await turn(true, target, context);
}

/** Turns a check box or switch off. */
export async function uncheck(
  target: ParsedOf<typeof browserUncheck>,
  context: ActionContext,
): Promise<OutputOf<typeof browserUncheck>> {
  return await turn(false, target, context);
}

/** @throws {ViperError} `element_not_actionable` when a click does not change it */
async function turn(on: boolean, target: Target, context: ActionContext) {
  const now = await onTarget(target, context, isChecked);
  now.element[Symbol.dispose]();
  if (now.value === on) return { status: "ok" as const };
  using element = await clickElement(target, context);
  const after = await element.call(isChecked);
  if (after.state === "found" && after.value === on) return { status: "ok" as const };
  throw new ViperError(
    "element_not_actionable",
    `Cannot ${context.deadline.action}: it was clicked and is still ${on ? "off" : "on"}`,
  );
}
