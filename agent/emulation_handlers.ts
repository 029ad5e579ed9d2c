import type { emulationOperations } from "../protocol/emulation.ts";
import type { mockOperations } from "../protocol/mocks.ts";
import type { Handlers } from "../protocol/operation.ts";
import type { Call, HandlerOf } from "./action_runner.ts";
import { emulate, emulation, resetEmulation, setUserAgent, setViewport } from "./know/emulate.ts";
import { addMock, clearMocks, listMocks } from "./know/mocks.ts";
import { quote } from "./quote.ts";

/** Operations about what pages believe; what changes it takes a turn, so that none sees half. */
export function emulationHandlers(
  handler: HandlerOf,
  glance: HandlerOf,
): Handlers<typeof emulationOperations & typeof mockOperations, Call> {
  return {
    emulate: handler(() => "change what pages believe", emulate),
    emulation: glance(() => "tell what pages believe", emulation),
    resetEmulation: handler(() => "take back what pages believe", resetEmulation),
    viewport: handler(() => "set the viewport", setViewport),
    userAgent: handler(() => "set the user agent", setUserAgent),
    mock: glance(({ url }) => `mock ${quote(url)}`, addMock),
    mocks: glance(() => "list the mocks", listMocks),
    clearMocks: glance(() => "delete the mocks", clearMocks),
  };
}
