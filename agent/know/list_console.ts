import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import { type browserConsole, CONSOLE_LEVELS } from "../../protocol/records.ts";
import type { ActionContext } from "../action_runner.ts";
import { selectEntries } from "../records/select_entries.ts";

/** What the page's console says, from a level on. */
export function listConsole(
  { level, since, limit }: ParsedOf<typeof browserConsole>,
  { record }: ActionContext,
): Promise<OutputOf<typeof browserConsole>> {
  const levels = CONSOLE_LEVELS.slice(CONSOLE_LEVELS.indexOf(level));
  const { entries, ...rest } = selectEntries(
    record.console,
    record.seq,
    { since, limit },
    (entry) => levels.includes(entry.level),
  );
  return Promise.resolve({ messages: entries, ...rest });
}
