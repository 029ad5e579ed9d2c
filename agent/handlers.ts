/**
 * What serves each operation of the browser. A noun has a file of handlers, with one line an
 * operation: what it is called in messages, and the action that does it.
 *
 * @module
 */
import type { Handlers } from "../protocol/operation.ts";
import type { browserOperations } from "../protocol/operations.ts";
import { actHandlers } from "./act_handlers.ts";
import type { ActionRunner, BrowserHandlerOf, Call, HandlerOf } from "./action_runner.ts";
import { downloadHandlers } from "./download_handlers.ts";
import { emulationHandlers } from "./emulation_handlers.ts";
import { captureHandlers } from "./capture_handlers.ts";
import { lookHandlers } from "./look_handlers.ts";
import { performanceHandlers } from "./performance_handlers.ts";
import { pageHandlers } from "./page_handlers.ts";
import { profileHandlers, storageHandlers } from "./storage_handlers.ts";
import { readingHandlers } from "./reading_handlers.ts";
import { type ScriptHandlerParts, scriptHandlers } from "./script_handlers.ts";
import { recordHandlers } from "./record_handlers.ts";
import { waitHandlers } from "./wait_handlers.ts";

/** The browser's operations, done on the runner's pages. */
export function browserHandlers(
  runner: ActionRunner,
  parts: ScriptHandlerParts,
): Handlers<typeof browserOperations, Call> {
  const handler: HandlerOf = (name, action) => (input, call) =>
    runner.run(name(input), input, call, (context) => action(input, context));
  const drive: HandlerOf = (name, action) => (input, call) =>
    runner.drive(name(input), input, call, (context) => action(input, context));
  const glance: HandlerOf = (name, action) => (input, call) =>
    runner.glance(name(input), input, call, (context) => action(input, context));
  const browserHandler: BrowserHandlerOf = (name, action) => (input, call) =>
    runner.runOnBrowser(name(input), input, call, (context) => action(input, context));
  return {
    ...pageHandlers(handler, browserHandler),
    ...captureHandlers(handler),
    ...lookHandlers(handler),
    ...readingHandlers(handler),
    ...waitHandlers(glance),
    ...actHandlers(handler),
    ...recordHandlers(glance),
    ...emulationHandlers(handler, glance),
    ...performanceHandlers(handler, browserHandler),
    ...storageHandlers(handler),
    ...profileHandlers(handler, glance),
    ...downloadHandlers(parts.browser.downloads, parts.host),
    ...scriptHandlers(drive, parts),
  };
}
