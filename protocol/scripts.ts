/** Scripts that run beside Chrome, in the guest: schema and operation. */
import * as z from "zod";
import { actionFields, PAGE_ERRORS } from "./browser.ts";
import { operation } from "./operation.ts";
import { CONSOLE_LEVELS } from "./records.ts";

export const SCRIPT_LENGTH_MAX = 1_000_000;
/** Bytes of JSON that a script may return. */
export const SCRIPT_RESULT_BYTES_MAX = 8 * 1024 * 1024;
/** Lines of its console that an answer has … */
export const SCRIPT_CONSOLE_ENTRIES_MAX = 1_000;
/** … and characters of one. */
export const SCRIPT_CONSOLE_LENGTH_MAX = 4_000;

/** A line that a script wrote to its console. */
export const scriptConsoleEntry = z.object({ level: z.enum(CONSOLE_LEVELS), text: z.string() });
/** A line that a script wrote to its console. */
export type ScriptConsoleEntry = z.infer<typeof scriptConsoleEntry>;

export const scriptRun = operation({
  name: "script.run",
  summary: "Run a JavaScript module that drives the page with puppeteer, beside Chrome",
  http: { method: "POST", path: "/v1/script/run", status: 200 },
  input: z.strictObject({
    script: z.string().min(1).max(SCRIPT_LENGTH_MAX).describe(
      "ECMAScript module; its default export is called with { page, browser, args, console }, and returns the result or a promise of it",
    ),
    args: z.record(z.string(), z.json()).default({}).describe("What the script gets as args"),
    ...actionFields,
  }),
  output: z.object({
    result: z.json().describe("What the script returned; null stands for undefined, too"),
    console: z.array(scriptConsoleEntry).describe("What the script wrote to its console"),
    console_dropped: z.int().describe("Lines that the console had beyond those"),
  }),
  errors: [
    "script_failed",
    "script_limit_reached",
    "result_not_serializable",
    "result_too_large",
    ...PAGE_ERRORS,
  ],
});

/** Served by the agent. */
export const scriptOperations = { scriptRun } as const;
