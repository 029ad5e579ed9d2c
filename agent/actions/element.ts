/** Waiting for an element. */
import { ViperError } from "../../protocol/problems.ts";
import type { ActionContext } from "../action_runner.ts";
import { PageMovedOn } from "../world.ts";
import type { Look } from "./in_page.ts";

/** Between two looks; a person notices nothing below 100 ms. */
const LOOK_PAUSE_MS = 50;

/**
 * Looks until the element is found; `name` is how messages name it, such as `"#ok"`. A look that
 * takes long may tell what it sees so far.
 *
 * @throws {ViperError} `selector_invalid` at once; when the time is over `element_not_found` or
 * `element_not_actionable` by what was seen last, and `timeout` when the page never answered
 */
export async function whenFound<T>(
  name: string,
  { deadline }: ActionContext,
  look: (see: (soFar: Look<unknown>) => void) => Promise<Look<T>>,
): Promise<T> {
  let seen: Look<unknown> | null = null;
  const see = (soFar: Look<unknown>) => seen = soFar;
  try {
    while (true) {
      const now = await looked(() => look(see));
      see(now);
      if (now.state === "found") return now.value;
      if (now.state === "invalid") {
        const reason = now.reason.replace(/\.$/, "");
        throw new ViperError("selector_invalid", `Cannot ${deadline.action}: ${reason}`);
      }
      await deadline.pause(`an element that matches ${name}`, LOOK_PAUSE_MS);
    }
  } catch (error) {
    const timedOut = error instanceof ViperError && error.code === "timeout";
    if (timedOut && seen !== null) throw notFound(name, deadline, seen);
    throw error;
  }
}

async function looked<T>(look: () => Promise<Look<T>>): Promise<Look<T>> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof PageMovedOn) return { state: "absent" };
    throw error;
  }
}

function notFound(
  name: string,
  { action, timeoutMs }: ActionContext["deadline"],
  seen: Look<unknown>,
): ViperError {
  const start = `Cannot ${action} within ${timeoutMs} ms`;
  return seen.state === "blocked"
    ? new ViperError("element_not_actionable", `${start}: ${seen.reason}`)
    : new ViperError("element_not_found", `${start}: no element matches ${name}`);
}
