import type { actOperations } from "../protocol/act.ts";
import type { Handlers } from "../protocol/operation.ts";
import type { Call, HandlerOf } from "./action_runner.ts";
import { click } from "./actions/click.ts";
import { evaluate } from "./actions/evaluate.ts";
import { type } from "./actions/type.ts";
import { quote } from "./quote.ts";

/** Operations about what is done on a page. */
export function actHandlers(handler: HandlerOf): Handlers<typeof actOperations, Call> {
  return {
    click: handler(({ selector }) => `click ${quote(selector)}`, click),
    type: handler(({ selector }) => `type into ${quote(selector)}`, type),
    evaluate: handler(() => "evaluate the script", evaluate),
  };
}
