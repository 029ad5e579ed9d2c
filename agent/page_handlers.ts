import type { Handlers } from "../protocol/operation.ts";
import type { pageOperations } from "../protocol/pages.ts";
import type { Call, HandlerOf } from "./action_runner.ts";
import { navigate } from "./actions/navigate.ts";
import { quote } from "./quote.ts";

/** Operations about pages. */
export function pageHandlers(handler: HandlerOf): Handlers<typeof pageOperations, Call> {
  return {
    navigate: handler(({ url }) => `navigate to ${quote(url)}`, navigate),
  };
}
