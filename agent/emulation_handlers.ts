import type { emulationOperations } from "../protocol/emulation.ts";
import type { Handlers } from "../protocol/operation.ts";
import type { Call, HandlerOf } from "./action_runner.ts";
import { emulate, setUserAgent, setViewport } from "./know/emulate.ts";

/** Operations about what pages believe; they take their turn, so that no action sees half of it. */
export function emulationHandlers(handler: HandlerOf): Handlers<typeof emulationOperations, Call> {
  return {
    emulate: handler(() => "change what pages believe", emulate),
    viewport: handler(() => "set the viewport", setViewport),
    userAgent: handler(() => "set the user agent", setUserAgent),
  };
}
