import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import type { browserRequests } from "../../protocol/records.ts";
import type { ActionContext } from "../action_runner.ts";
import { selectEntries } from "../records/select_entries.ts";
import { entryOfRequest, fitsRequest } from "./request_list.ts";

/** What the page asked of the network. */
export function listRequests(
  wanted: ParsedOf<typeof browserRequests>,
  { record }: ActionContext,
): Promise<OutputOf<typeof browserRequests>> {
  const { entries, ...rest } = selectEntries(
    record.requests,
    record.seq,
    wanted,
    fitsRequest(wanted),
  );
  return Promise.resolve({ requests: entries.map(entryOfRequest), ...rest });
}
