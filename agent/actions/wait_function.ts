import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { browserWaitFunction } from "../../protocol/waits.ts";
import type { ActionContext } from "../action_runner.ts";
import { quote } from "../quote.ts";
import { isMovedOn, PageMovedOn } from "../world.ts";
import { written } from "./evaluate.ts";
import { type Met, untilMet } from "./wait_until_met.ts";

type Result = OutputOf<typeof browserWaitFunction>["result"];

/** What the page says of the expression's value. */
interface Value {
  readonly isTrue: boolean;
  /** Absent where JSON has no words for it. */
  readonly json?: unknown;
  readonly text: unknown;
}

/** Waits until an expression among the page's own scripts has a true value, and reads that. */
export async function waitFunction(
  { expression, args }: ParsedOf<typeof browserWaitFunction>,
  context: ActionContext,
): Promise<OutputOf<typeof browserWaitFunction>> {
  const source = `(async () => {
    let value = (${expression}\n);
    if (typeof value === "function") value = value(${written(args)});
    return (${told})(await value);
  })()`;
  return { result: await untilMet(context, () => evaluated(source, context)) };
}

/** @throws {ViperError} `script_failed` for what no page will ever understand */
async function evaluated(source: string, { cdp, deadline }: ActionContext): Promise<Met<Result>> {
  const sending = cdp.send("Runtime.evaluate", {
    ...{ expression: source, awaitPromise: true, returnByValue: true },
    timeout: deadline.remainingMs(),
  });
  const { result, exceptionDetails } = await deadline.race("the script to end", sending)
    .catch((error) => {
      throw isMovedOn(error) ? new PageMovedOn("The page navigated away", { cause: error }) : error;
    });
  if (exceptionDetails === undefined) {
    const { isTrue, json, text } = result.value as Value;
    return isTrue
      ? { isMet: true, value: parsed(json) }
      : { isMet: false, seen: `it is ${quote(String(text))}` };
  }
  const { exception, text } = exceptionDetails;
  const [thrown = text] = (exception?.description ?? String(exception?.value ?? text)).split("\n");
  if (exception?.className === "SyntaxError" && exceptionDetails.stackTrace === undefined) {
    throw new ViperError("script_failed", `Cannot ${deadline.action}: ${thrown}`);
  }
  return { isMet: false, seen: `it threw ${quote(thrown)}` };
}

/** A page may have changed what writes JSON there. */
function parsed(json: unknown): Result {
  try {
    return typeof json === "string" ? JSON.parse(json) : null;
  } catch {
    return null;
  }
}

/** Runs among the page's scripts, since the value is theirs. */
function told(value: unknown): Value {
  const isTrue = !!value;
  let text = "";
  try {
    text = String(value).slice(0, 200);
    const json = JSON.stringify(value);
    return json === undefined ? { isTrue, text } : { isTrue, json, text };
  } catch {
    return { isTrue, text };
  }
}
