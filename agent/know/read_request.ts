import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import type { browserRequest } from "../../protocol/records.ts";
import type { ActionContext } from "../action_runner.ts";
import { defined, entryOfRequest, requestOf } from "./request_list.ts";

/** One request with its headers. */
export function readRequest(
  { id }: ParsedOf<typeof browserRequest>,
  context: ActionContext,
): Promise<OutputOf<typeof browserRequest>> {
  const request = requestOf(id, context);
  return Promise.resolve({
    ...entryOfRequest(request),
    document: request.document,
    request_headers: request.requestHeaders,
    ...defined({
      protocol: request.protocol,
      remote_address: request.remoteAddress,
      request_body: request.requestBody,
      response_headers: request.responseHeaders,
    }),
  });
}
