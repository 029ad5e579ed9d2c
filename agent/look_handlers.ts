import type { lookOperations } from "../protocol/look.ts";
import type { Handlers } from "../protocol/operation.ts";
import type { Call, HandlerOf } from "./action_runner.ts";
import { getHtml } from "./actions/get_html.ts";
import { getText } from "./actions/get_text.ts";
import { screenshot } from "./actions/screenshot.ts";
import { snapshot } from "./actions/snapshot.ts";
import { quote } from "./quote.ts";

/** Operations about what a page shows. */
export function lookHandlers(handler: HandlerOf): Handlers<typeof lookOperations, Call> {
  return {
    screenshot: handler(() => "take a screenshot", screenshot),
    getText: handler(({ selector }) => `read the text of ${quote(selector)}`, getText),
    getHtml: handler(({ selector }) => `read the HTML of ${quote(selector ?? "html")}`, getHtml),
    snapshot: handler(() => "read the accessibility tree", snapshot),
  };
}
