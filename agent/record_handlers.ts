import type { Handlers } from "../protocol/operation.ts";
import type { recordOperations } from "../protocol/records.ts";
import type { Call, HandlerOf } from "./action_runner.ts";
import { exportHar } from "./know/export_har.ts";
import { listConsole } from "./know/list_console.ts";
import { listErrors } from "./know/list_errors.ts";
import { listRequests } from "./know/list_requests.ts";
import { readRequest } from "./know/read_request.ts";
import { readRequestBody } from "./know/read_request_body.ts";

/** Operations about what pages did; `glance` makes handlers that wait for no action. */
export function recordHandlers(glance: HandlerOf): Handlers<typeof recordOperations, Call> {
  return {
    console: glance(() => "list the console's messages", listConsole),
    errors: glance(() => "list the page's errors", listErrors),
    requests: glance(() => "list the page's requests", listRequests),
    request: glance(({ id }) => `tell of request ${id}`, readRequest),
    requestBody: glance(({ id }) => `fetch the body of request ${id}`, readRequestBody),
    har: glance(() => "export the page's requests", exportHar),
  };
}
