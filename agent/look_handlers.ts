import type { lookOperations } from "../protocol/look.ts";
import type { Handlers } from "../protocol/operation.ts";
import type { Call, HandlerOf } from "./action_runner.ts";
import { getAttribute } from "./actions/get_attribute.ts";
import { getHtml } from "./actions/get_html.ts";
import { getText } from "./actions/get_text.ts";
import { snapshot } from "./actions/snapshot.ts";
import { targetName } from "./actions/target.ts";
import { quote } from "./quote.ts";

/** Operations about what a page shows. */
export function lookHandlers(handler: HandlerOf): Handlers<typeof lookOperations, Call> {
  return {
    getText: handler((input) => `read the text of ${targetName(input)}`, getText),
    getHtml: handler((input) => `read the HTML of ${targetName(input)}`, getHtml),
    getAttribute: handler(
      (input) => `read the attribute ${quote(input.name)} of ${targetName(input)}`,
      getAttribute,
    ),
    snapshot: handler(() => "read the accessibility tree", snapshot),
  };
}
