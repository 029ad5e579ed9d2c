import type { Handlers } from "../protocol/operation.ts";
import type { performanceOperations } from "../protocol/performance.ts";
import type { BrowserHandlerOf, Call, HandlerOf } from "./action_runner.ts";
import { metrics } from "./know/metrics.ts";
import { startTrace, stopTrace } from "./know/trace.ts";

/** Operations about how fast pages are. */
export function performanceHandlers(
  handler: HandlerOf,
  browserHandler: BrowserHandlerOf,
): Handlers<typeof performanceOperations, Call> {
  return {
    metrics: handler(() => "measure the page", metrics),
    traceStart: browserHandler(() => "start a trace", startTrace),
    traceStop: browserHandler(() => "stop the trace", stopTrace),
  };
}
