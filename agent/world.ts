/** Running our own functions inside the page. */
import type { ActionContext } from "./action_runner.ts";

/** Named so that a person with DevTools open sees whose world it is. */
const WORLD_NAME = "viper";

/** What Chrome says when the page navigates while a function runs in it. */
const MOVED_ON =
  /context was destroyed|Cannot find context|navigated or closed|No frame for given id/i;

/** Whether a DevTools command failed because the page navigates. */
export function isMovedOn(error: unknown): boolean {
  return error instanceof Error && MOVED_ON.test(error.message);
}

/** The page navigated away under the function; looking again may succeed. */
export class PageMovedOn extends Error {
  override readonly name = "PageMovedOn";
}

/**
 * Calls a self-contained function in the page's main frame: it may use its arguments and the
 * page's globals, and nothing of this program. It runs in a world of its own, where it sees the
 * same document but none of what the page's scripts did to the built-in objects.
 *
 * @throws {PageMovedOn} when the page navigates meanwhile, or the deadline's reason
 */
export async function callInPage<Args extends readonly unknown[], Result>(
  { cdp, deadline }: ActionContext,
  fn: (...args: Args) => Result | Promise<Result>,
  ...args: Args
): Promise<Result> {
  const call = async () => {
    const { frameTree } = await cdp.send("Page.getFrameTree");
    const { executionContextId } = await cdp.send("Page.createIsolatedWorld", {
      frameId: frameTree.frame.id,
      worldName: WORLD_NAME,
    });
    return await cdp.send("Runtime.evaluate", {
      expression: `(${fn})(...${JSON.stringify(args)})`,
      contextId: executionContextId,
      awaitPromise: true,
      returnByValue: true,
    });
  };
  try {
    const { result, exceptionDetails } = await deadline.race("the page to answer", call());
    if (exceptionDetails === undefined) return result.value as Result;
    throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  } catch (error) {
    deadline.signal.throwIfAborted();
    if (!isMovedOn(error)) throw error;
    throw new PageMovedOn("The page navigated away", { cause: error });
  }
}
