import type { Protocol } from "puppeteer-core";
import type { browserEvaluate } from "../../protocol/act.ts";
import { RESULT_BYTES_MAX } from "../../protocol/browser.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { ActionContext } from "../action_runner.ts";
import { isMovedOn } from "../world.ts";
import { type Json, toJson } from "./in_page.ts";
import { fitting } from "./result_size.ts";

/** Chrome stops a script that still runs so long after its deadline; then the page goes on. */
const TERMINATE_AFTER_MS = 100;
/** What a script's result is kept under in the page, until it is read. */
const OBJECT_GROUP = "viper-evaluate";

/** Evaluates an expression among the page's own scripts and reads its JSON value. */
export async function evaluate(
  { expression, args, await_promise }: ParsedOf<typeof browserEvaluate>,
  context: ActionContext,
): Promise<OutputOf<typeof browserEvaluate>> {
  const { cdp, deadline } = context;
  const result = await settled(context, "the script to end", () =>
    cdp.send("Runtime.evaluate", {
      expression: args === undefined ? expression : `(${expression}\n)(${written(args)})`,
      awaitPromise: await_promise,
      userGesture: true,
      objectGroup: OBJECT_GROUP,
      timeout: deadline.remainingMs() + TERMINATE_AFTER_MS,
    }));
  try {
    const json = result.objectId === undefined
      ? primitiveJson(result)
      : await objectJson(result.objectId, context);
    if ("reason" in json) throw notSerializable(json.reason);
    const text = "json" in json ? { text: json.json } : json;
    return { result: parsed(fitting(text, "return the script's result")) };
  } finally {
    cdp.send("Runtime.releaseObjectGroup", { objectGroup: OBJECT_GROUP }).catch(() => {});
  }
}

/**
 * Arguments as JavaScript, as all JSON is. They are not spread: that goes by what a page may have
 * changed.
 */
export function written(args: readonly unknown[]): string {
  return args.map((argument) => JSON.stringify(argument)).join(", ");
}

function notSerializable(reason: string): ViperError {
  const message = `Cannot return the script's result: ${reason.split("\n")[0]}`;
  const options = reason === "it is a function"
    ? { hint: "To have it called, give args, too" }
    : {};
  return new ViperError("result_not_serializable", message, options);
}

function parsed(json: string) {
  try {
    return JSON.parse(json);
  } catch {
    throw notSerializable("the page has changed JSON.stringify");
  }
}

function primitiveJson(result: Protocol.Runtime.RemoteObject): Json {
  const { unserializableValue, value } = result;
  if (unserializableValue === "-0") return { json: "0" };
  if (unserializableValue !== undefined) return { reason: `it is ${unserializableValue}` };
  return { json: JSON.stringify(value ?? null) };
}

async function objectJson(objectId: string, context: ActionContext): Promise<Json> {
  const { value } = await settled(
    context,
    "the script's result",
    () =>
      context.cdp.send("Runtime.callFunctionOn", {
        objectId,
        functionDeclaration: toJson.toString(),
        arguments: [{ value: RESULT_BYTES_MAX }],
        returnByValue: true,
      }),
  );
  return value as Json;
}

interface Settled {
  readonly result: Protocol.Runtime.RemoteObject;
  readonly exceptionDetails?: Protocol.Runtime.ExceptionDetails;
}

/** The value, or the exception as `script_failed`. */
async function settled(
  { deadline }: ActionContext,
  waitingFor: string,
  send: () => Promise<Settled>,
): Promise<Protocol.Runtime.RemoteObject> {
  try {
    const { result, exceptionDetails } = await deadline.race(waitingFor, send());
    if (exceptionDetails === undefined) return result;
    const thrown = told(exceptionDetails);
    const options = STATEMENT.test(thrown) ? { hint: WRAP } : {};
    throw new ViperError("script_failed", `Cannot evaluate the script: ${thrown}`, options);
  } catch (error) {
    if (!isMovedOn(error)) throw error;
    throw new ViperError(
      "script_failed",
      "Cannot evaluate the script: the page navigated away while it ran",
      { cause: error },
    );
  }
}

/** What V8 says of words that stand in functions only. */
const STATEMENT = /^SyntaxError: (await is only valid|Illegal return)/;
const WRAP = "Put the statements into a function: (async () => { … })()";

/** What was thrown, and where: `Error: boom, at f (https://…:3:9)`. */
function told(details: Protocol.Runtime.ExceptionDetails): string {
  const { exception, text, lineNumber, columnNumber } = details;
  const thrown = exception?.description ??
    (exception === undefined ? text : JSON.stringify(exception.value ?? exception.type));
  const [message = "", ...stack] = thrown.split(/\n\s+at /);
  return `${message}, at ${stack[0]?.split("\n")[0] ?? `${lineNumber + 1}:${columnNumber + 1}`}`;
}
