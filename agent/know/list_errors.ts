import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import type { browserErrors } from "../../protocol/records.ts";
import type { ActionContext } from "../action_runner.ts";
import { selectEntries } from "../records/select_entries.ts";

/** The exceptions that nothing in the page caught. */
export function listErrors(
  wanted: ParsedOf<typeof browserErrors>,
  { record }: ActionContext,
): Promise<OutputOf<typeof browserErrors>> {
  const { entries, ...rest } = selectEntries(record.errors, record.seq, wanted, () => true);
  return Promise.resolve({ errors: entries, ...rest });
}
