/// <reference lib="dom" />
/** Running our own functions inside the page. */
import type { ActionContext } from "./action_runner.ts";
import type { Deadline } from "./deadline.ts";
import { mainFrameOf, type PageFrame } from "./frames.ts";
import { plain } from "./plain.ts";

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

/** The id of our world in a frame, which is made when it is not there. */
export async function worldOf(
  { cdp, frameId }: PageFrame,
  deadline: Deadline,
): Promise<number> {
  const { executionContextId } = await deadline.race(
    "the page to answer",
    cdp.send("Page.createIsolatedWorld", { frameId, worldName: WORLD_NAME }),
  );
  return executionContextId;
}

/** A function as text for the page, where it may call {@linkcode plain}. */
export function inPage(fn: unknown): string {
  return `((...args) => {\n${plain}\nreturn (${fn})(...args);\n})`;
}

/**
 * Calls a self-contained function in the page's main frame: it may use its arguments, the page's
 * globals and {@linkcode plain}, and nothing else of this program. It runs in a world of its own,
 * where it sees the same document but none of what the page's scripts did to the built-in objects.
 *
 * @throws {PageMovedOn} when the page navigates meanwhile, or the deadline's reason
 */
export async function callInPage<Args extends readonly unknown[], Result>(
  { page, cdp, deadline }: ActionContext,
  fn: (...args: Args) => Result | Promise<Result>,
  ...args: Args
): Promise<Result> {
  return await callInFrame(mainFrameOf(page, cdp), deadline, fn, ...args);
}

/** The same on whichever document stands in the end: one that goes away meanwhile is no failure. */
export async function callInDocument<Args extends readonly unknown[], Result>(
  context: ActionContext,
  fn: (...args: Args) => Result | Promise<Result>,
  ...args: Args
): Promise<Result> {
  while (true) {
    try {
      return await callInPage(context, fn, ...args);
    } catch (error) {
      if (!(error instanceof PageMovedOn)) throw error;
    }
  }
}

/** A function for the page, together with others that it calls by their names. */
export function withParts<Args extends readonly unknown[], Result>(
  main: (...args: Args) => Result,
  // deno-lint-ignore ban-types -- they are text here
  ...parts: readonly Function[]
): (...args: Args) => Result {
  const source = `(...args) => {\n${parts.join("\n")}\nreturn (${main})(...args);\n}`;
  const unreachable = () => {
    throw new TypeError("Cannot call a page's function outside a page");
  };
  return Object.assign(unreachable, { toString: () => source });
}

/** The same in any frame. */
export async function callInFrame<Args extends readonly unknown[], Result>(
  frame: PageFrame,
  deadline: Deadline,
  fn: (...args: Args) => Result | Promise<Result>,
  ...args: Args
): Promise<Result> {
  const { value } = await evaluate(frame, deadline, fn, args, true);
  return value as Result;
}

/** The same, for a function that returns a node; answers with the node's object id, or `null`. */
export async function findInFrame<Args extends readonly unknown[]>(
  frame: PageFrame,
  deadline: Deadline,
  fn: (...args: Args) => Node | null,
  ...args: Args
): Promise<string | null> {
  const { objectId } = await evaluate(frame, deadline, fn, args, false);
  return objectId ?? null;
}

async function evaluate(
  frame: PageFrame,
  deadline: Deadline,
  fn: unknown,
  args: readonly unknown[],
  returnByValue: boolean,
) {
  try {
    const contextId = await worldOf(frame, deadline);
    const { result, exceptionDetails } = await deadline.race(
      "the page to answer",
      frame.cdp.send("Runtime.evaluate", {
        expression: `${inPage(fn)}(...${JSON.stringify(args)})`,
        contextId,
        awaitPromise: true,
        returnByValue,
      }),
    );
    if (exceptionDetails === undefined) return result;
    throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  } catch (error) {
    deadline.signal.throwIfAborted();
    if (!isMovedOn(error)) throw error;
    throw new PageMovedOn("The page navigated away", { cause: error });
  }
}
