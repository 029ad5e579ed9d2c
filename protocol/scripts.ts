/** Scripts that run beside Chrome, in the guest: schema and operation. */
import * as z from "zod";
import { actionFields } from "./browser.ts";
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
    /**
     * An ECMAScript module. Its default export is called with `{ page, browser, args, console }`;
     * what it returns, or its promise, is the result.
     */
    script: z.string().min(1).max(SCRIPT_LENGTH_MAX),
    args: z.record(z.string(), z.json()).default({}),
    ...actionFields,
  }),
  output: z.object({
    /** `null` stands for undefined, too. */
    result: z.json(),
    console: z.array(scriptConsoleEntry),
    /** Lines that the console had beyond those. */
    console_dropped: z.int(),
  }),
  errors: [
    "script_failed",
    "script_limit_reached",
    "result_not_serializable",
    "result_too_large",
    "page_not_found",
    "timeout",
    "browser_unavailable",
  ],
});

/** Served by the agent. */
export const scriptOperations = { scriptRun } as const;
