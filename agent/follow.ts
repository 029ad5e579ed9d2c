/** `GET /v1/browser/follow`: what a page writes, throws and asks of the network, as it happens. */
import * as z from "zod";
import type { Clock } from "../host/host.ts";
import { pageId } from "../protocol/browser.ts";
import { lastEventId, streamFrames } from "../protocol/event_frames.ts";
import { ViperError } from "../protocol/problems.ts";
import type { SupervisedBrowser } from "./browser.ts";
import { Deadline } from "./deadline.ts";
import { followRecord } from "./records/follow_record.ts";

export const FOLLOW_PATH = "/v1/browser/follow";
/** How long a stream may take to find its page. */
const OPEN_TIMEOUT_MS = 30_000;

/**
 * Opens the stream of a page: `page` in the query, or else the active one; from the header
 * `Last-Event-ID` (or `last_event_id` in the query) on, or from now on. It ends with the page.
 *
 * @throws {ViperError} `page_not_found`, `event_id_invalid`, `invalid_request`, `timeout`
 */
export async function openFollowStream(
  request: Request,
  browser: SupervisedBrowser,
  clock: Clock,
): Promise<Response> {
  const since = lastEventId(request);
  const page = pageOf(request);
  using deadline = new Deadline(clock, "follow the page", OPEN_TIMEOUT_MS, [request.signal]);
  const session = await deadline.race("Chrome", browser.nextSession());
  const { record, gone } = await deadline.race(
    "a page",
    session.pages.chosen(page, deadline.action),
  );
  return streamFrames(
    { method: request.method, isAdmitted: () => true },
    { clock, closing: AbortSignal.any([session.life, gone]) },
    (signal) => followRecord(record, since, signal),
  );
}

/** @throws {ViperError} `invalid_request` */
function pageOf(request: Request): string | undefined {
  const query = z.object({ page: pageId.optional() })
    .safeParse(Object.fromEntries(new URL(request.url).searchParams));
  if (query.success) return query.data.page;
  throw new ViperError("invalid_request", "Cannot follow the page: its id is not one");
}
