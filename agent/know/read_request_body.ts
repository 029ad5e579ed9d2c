import { RESULT_BYTES_MAX } from "../../protocol/browser.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { browserRequestBody } from "../../protocol/records.ts";
import type { ActionContext } from "../action_runner.ts";
import type { RecordedBody } from "../records/har.ts";
import type { RequestRecord } from "../records/request_record.ts";
import { requestOf } from "./request_list.ts";

/** What a request was answered with, as long as Chrome keeps it. */
export async function readRequestBody(
  { id }: ParsedOf<typeof browserRequestBody>,
  context: ActionContext,
): Promise<OutputOf<typeof browserRequestBody>> {
  const request = requestOf(id, context);
  const { body, base64Encoded } = await bodyOf(request, context);
  if (body.length > RESULT_BYTES_MAX) {
    throw new ViperError(
      "result_too_large",
      `Cannot ${context.deadline.action}: it has ${body.length} bytes, and ${RESULT_BYTES_MAX} may be sent`,
    );
  }
  return {
    body,
    base64: base64Encoded,
    ...(request.mimeType === undefined ? {} : { mime_type: request.mimeType }),
  };
}

/** @throws {ViperError} `body_not_kept` */
export async function bodyOf(
  request: RequestRecord,
  { record, deadline }: ActionContext,
): Promise<RecordedBody> {
  const none = (reason: string, cause?: unknown) =>
    new ViperError("body_not_kept", `Cannot ${deadline.action}: ${reason}`, { cause });
  const source = record.bodies.get(request);
  if (request.redirectedTo !== undefined) throw none("the answer was a redirect");
  if (request.state === "pending") throw none("the request is not finished");
  if (request.state === "failed") throw none(`the request failed: ${request.error}`);
  if (source === undefined) throw none("nothing is known of it any more");
  const { session, requestId } = source;
  const asking = session.send("Network.getResponseBody", { requestId });
  try {
    return await deadline.race("the body", asking);
  } catch (error) {
    deadline.signal.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    throw none(reason.replace(/^.*\): /, "").replace(/\.$/, ""), error);
  }
}
