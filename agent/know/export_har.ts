import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import { ViperError } from "../../protocol/problems.ts";
import { type browserHar, HAR_BODIES_BYTES_MAX } from "../../protocol/records.ts";
import type { ActionContext } from "../action_runner.ts";
import { harOf, type RecordedBody } from "../records/har.ts";
import type { RequestRecord } from "../records/request_record.ts";
import { bodyOf } from "./read_request_body.ts";
import { fitsRequest } from "./request_list.ts";

/** The page's requests as an archive. */
export async function exportHar(
  { bodies: withBodies, ...wanted }: ParsedOf<typeof browserHar>,
  context: ActionContext,
): Promise<OutputOf<typeof browserHar>> {
  const requests = context.record.requests.entries.filter(fitsRequest(wanted));
  const bodies = withBodies ? await bodiesOf(requests, context) : new Map();
  const { deadline, page } = context;
  const version = await deadline.race("Chrome's version", page.browser().version());
  return harOf(requests, bodies, version.replace(/^.*\//, ""));
}

/** Newest first, as long as they fit: the oldest are the ones that Chrome has given up as well. */
async function bodiesOf(requests: readonly RequestRecord[], context: ActionContext) {
  const bodies = new Map<RequestRecord, RecordedBody>();
  let bytes = 0;
  for (const request of requests.toReversed()) {
    if (request.state !== "done") continue;
    try {
      const body = await bodyOf(request, context);
      bytes += body.body.length;
      if (bytes > HAR_BODIES_BYTES_MAX) break;
      bodies.set(request, body);
    } catch (error) {
      if (!(error instanceof ViperError) || error.code !== "body_not_kept") throw error;
    }
  }
  return bodies;
}
