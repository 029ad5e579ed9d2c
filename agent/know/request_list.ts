/** Which requests were asked for, and how an answer tells them. */
import type { RequestEntry } from "../../protocol/records.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { ActionContext } from "../action_runner.ts";
import type { RequestRecord } from "../records/request_record.ts";

/** What may be asked of requests. */
export interface WantedRequests {
  readonly url?: string | undefined;
  readonly type?: string | undefined;
  readonly status?: string | undefined;
  readonly state?: RequestRecord["state"] | undefined;
}

/** Whether a request fits. */
export function fitsRequest({ url, type, status, state }: WantedRequests) {
  const statusPattern = status === undefined
    ? null
    : new RegExp(`^${status.replace("xx", "\\d\\d")}$`);
  return (request: RequestRecord): boolean =>
    (url === undefined || request.url.includes(url)) &&
    (type === undefined || request.type === type.toLowerCase()) &&
    (statusPattern === null || statusPattern.test(String(request.status ?? ""))) &&
    (state === undefined || request.state === state);
}

/** A request as lists tell it. */
export function entryOfRequest(request: RequestRecord): RequestEntry {
  const { id, seq, at, method, url, type, state, endedSeconds, startedSeconds } = request;
  const isTimed = endedSeconds !== undefined && startedSeconds > 0;
  return {
    ...{ id, seq, at, method, url, type, state },
    ...defined({
      status: request.status,
      mime_type: request.mimeType,
      from_cache: request.fromCache,
      duration_ms: isTimed ? Math.round((endedSeconds - startedSeconds) * 1_000) : undefined,
      encoded_bytes: request.encodedBytes,
      redirected_to: request.redirectedTo,
      error: request.error,
    }),
  };
}

/** @throws {ViperError} `request_not_found` */
export function requestOf(id: number, { record, deadline }: ActionContext): RequestRecord {
  const request = record.requests.entries.find((request) => request.id === id);
  if (request !== undefined) return request;
  throw new ViperError(
    "request_not_found",
    `Cannot ${deadline.action}: the page has no request ${id}, or it had to make room`,
  );
}

/** Without the members that are undefined. */
export function defined<T extends object>(
  members: T,
): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined),
  ) as { [Key in keyof T]?: Exclude<T[Key], undefined> };
}
