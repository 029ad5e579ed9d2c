import type { captureOperations } from "../protocol/capture.ts";
import type { Handlers } from "../protocol/operation.ts";
import { namesElement } from "../protocol/target.ts";
import type { Call, HandlerOf } from "./action_runner.ts";
import { pdf } from "./actions/pdf.ts";
import { screenshot } from "./actions/screenshot.ts";
import { targetName } from "./actions/target.ts";

/** Operations that make files of pages. */
export function captureHandlers(handler: HandlerOf): Handlers<typeof captureOperations, Call> {
  return {
    screenshot: handler(
      (input) => `take a screenshot${namesElement(input) ? ` of ${targetName(input)}` : ""}`,
      screenshot,
    ),
    pdf: handler(() => "print the page", pdf),
  };
}
