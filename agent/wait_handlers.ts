import type { Handlers } from "../protocol/operation.ts";
import type { waitOperations } from "../protocol/waits.ts";
import type { Call, HandlerOf } from "./action_runner.ts";
import { targetName } from "./actions/target.ts";
import { waitFunction } from "./actions/wait_function.ts";
import { stateOf, waitSelector, waitText } from "./actions/wait_selector.ts";
import { waitUrl } from "./actions/wait_url.ts";
import { quote } from "./quote.ts";

/** Waits on a page; `glance` makes handlers that take no turn, so what is waited for can happen. */
export function waitHandlers(glance: HandlerOf): Handlers<typeof waitOperations, Call> {
  return {
    waitSelector: glance(
      (input) => `wait until ${targetName(input)} is ${stateOf(input)}`,
      waitSelector,
    ),
    waitText: glance(
      ({ text, gone }) => `wait until the text ${quote(text)} is ${gone ? "gone" : "shown"}`,
      waitText,
    ),
    waitUrl: glance(
      ({ url, glob, regex }) => `wait until the page is at ${quote(url ?? glob ?? regex ?? "")}`,
      waitUrl,
    ),
    waitFunction: glance(
      ({ expression }) => `wait until ${quote(expression)} is true`,
      waitFunction,
    ),
  };
}
