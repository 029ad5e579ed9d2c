/** What agent and script process tell each other, a line of JSON each. */
import * as z from "zod";
import { scriptConsoleEntry } from "../../protocol/scripts.ts";

/** What the script process is given. */
export const scriptJob = z.object({
  /** Where Chrome's DevTools listen. */
  devtools_url: z.string(),
  target_id: z.string(),
  browser_context_id: z.string().optional(),
  script: z.string(),
  args: z.record(z.string(), z.json()),
});
/** What the script process is given. */
export type ScriptJob = z.infer<typeof scriptJob>;

/** What it writes: lines of the console, and one of the others at the end. */
export const scriptMessage = z.discriminatedUnion("type", [
  z.object({ type: z.literal("console"), entry: scriptConsoleEntry }),
  z.object({ type: z.literal("result"), result: z.json(), console_dropped: z.int() }),
  z.object({
    type: z.literal("error"),
    code: z.enum(["script_failed", "result_not_serializable", "result_too_large"]),
    reason: z.string(),
  }),
]);
/** What it writes: lines of the console, and one of the others at the end. */
export type ScriptMessage = z.infer<typeof scriptMessage>;
