/** One line an operation: what it is called in messages, and the action that does it. */
import type { Handlers } from "../protocol/operation.ts";
import type { browserOperations } from "../protocol/operations.ts";
import type { ActionRunner, Call } from "./action_runner.ts";
import { click } from "./actions/click.ts";
import { evaluate } from "./actions/evaluate.ts";
import { getHtml } from "./actions/get_html.ts";
import { getText } from "./actions/get_text.ts";
import { navigate } from "./actions/navigate.ts";
import { screenshot } from "./actions/screenshot.ts";
import { snapshot } from "./actions/snapshot.ts";
import { type } from "./actions/type.ts";
import { quote } from "./quote.ts";

/** The browser's operations, done on the runner's active page. */
export function browserHandlers(
  runner: ActionRunner,
): Handlers<typeof browserOperations, Call> {
  const handler = <Input extends { timeout_ms: number }, Output>(
    name: (input: Input) => string,
    action: (input: Input, context: Parameters<Parameters<ActionRunner["run"]>[3]>[0]) => Promise<
      Output
    >,
  ) =>
  (input: Input, call: Call) =>
    runner.run(name(input), input.timeout_ms, call, (context) => action(input, context));
  return {
    navigate: handler(({ url }) => `navigate to ${quote(url)}`, navigate),
    screenshot: handler(() => "take a screenshot", screenshot),
    click: handler(({ selector }) => `click ${quote(selector)}`, click),
    type: handler(({ selector }) => `type into ${quote(selector)}`, type),
    getText: handler(({ selector }) => `read the text of ${quote(selector)}`, getText),
    getHtml: handler(({ selector }) => `read the HTML of ${quote(selector ?? "html")}`, getHtml),
    evaluate: handler(() => "evaluate the script", evaluate),
    snapshot: handler(() => "read the accessibility tree", snapshot),
  };
}
