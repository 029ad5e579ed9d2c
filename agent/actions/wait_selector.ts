/// <reference lib="dom" />
import { ViperError } from "../../protocol/problems.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import type { Target } from "../../protocol/target.ts";
import type { browserWaitSelector, browserWaitText, ElementState } from "../../protocol/waits.ts";
import type { ActionContext } from "../action_runner.ts";
import { plain } from "../plain.ts";
import type { Look } from "./in_page.ts";
import { findTarget, targetName } from "./target.ts";
import { type Met, untilMet } from "./wait_until_met.ts";

/** Waits for an element to be there, shown, hidden or gone. */
export async function waitSelector(
  input: ParsedOf<typeof browserWaitSelector>,
  context: ActionContext,
): Promise<OutputOf<typeof browserWaitSelector>> {
  await untilMet(context, () => stateMet(input, stateOf(input), context));
  return { status: "ok" };
}

/** The state that is waited for. */
export function stateOf(
  { state, visible }: ParsedOf<typeof browserWaitSelector>,
): ElementState {
  return state ?? (visible ? "visible" : "attached");
}

/** Waits for a text to be shown, or not to be any more. */
export async function waitText(
  { text, gone }: ParsedOf<typeof browserWaitText>,
  context: ActionContext,
): Promise<OutputOf<typeof browserWaitText>> {
  await untilMet(context, () => stateMet({ text }, gone ? "hidden" : "visible", context));
  return { status: "ok" };
}

async function stateMet(
  target: Target,
  state: ElementState,
  context: ActionContext,
): Promise<Met<true>> {
  const look = await lookAt(target, context);
  if (look.state === "invalid") {
    const reason = look.reason.replace(/\.$/, "");
    throw new ViperError("selector_invalid", `Cannot ${context.deadline.action}: ${reason}`);
  }
  const isThere = look.state !== "absent";
  const isShown = look.state === "found";
  const isMet = { attached: isThere, visible: isShown, hidden: !isShown, detached: !isThere };
  if (isMet[state]) return { isMet: true, value: true };
  const name = targetName(target);
  if (look.state === "blocked") {
    return { isMet: false, seen: `${name} is there, but ${look.reason}` };
  }
  return { isMet: false, seen: isThere ? `${name} is shown` : `no element matches ${name}` };
}

/** Found is what is shown; blocked is what is there and not shown. */
async function lookAt(target: Target, context: ActionContext): Promise<Look<true>> {
  const found = await findElement(target, context);
  if (found.state !== "found") return found;
  using held = new DisposableStack();
  const element = held.use(found.value);
  const look = await element.call(shownOf);
  if (look.state !== "found") return look;
  for (const owner of await element.frameOwners()) {
    const around = await held.use(owner).call(shownOf);
    if (around.state !== "found") return { state: "blocked", reason: "its frame is not shown" };
  }
  return look;
}

/** An element that a snapshot has named, and that is gone, is absent. */
async function findElement(target: Target, context: ActionContext) {
  try {
    return await findTarget(target, context);
  } catch (error) {
    const wasNamed = target.ref !== undefined && context.refs.placeOf(target.ref) !== undefined;
    const isGone = error instanceof ViperError && error.code === "ref_not_found" && wasNamed;
    if (isGone) return { state: "absent" as const };
    throw error;
  }
}

/** Runs in the page. */
function shownOf(element: Element): Look<true> {
  if (!plain(element).isConnected) return { state: "absent" };
  const { width, height } = plain(element).getBoundingClientRect();
  if (width === 0 || height === 0) return { state: "blocked", reason: "it has no size" };
  return plain(element).checkVisibility({ visibilityProperty: true })
    ? { state: "found", value: true }
    : { state: "blocked", reason: "its style hides it" };
}
