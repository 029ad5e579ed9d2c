/** What guests write: schemas and operations. */
import * as z from "zod";
import { logStream } from "./events.ts";
import { operation } from "./operation.ts";
import { vmName } from "./vms.ts";

/** Lines that one answer holds at most. */
export const TAIL_LINES_MAX = 5_000;

/** A line that a guest wrote. */
export const logLine = z.object({
  stream: logStream,
  line: z.string().describe("What was written, with secrets masked"),
  timestamp: z.iso.datetime(),
});
/** A line that a guest wrote. */
export type LogLine = z.infer<typeof logLine>;

export const vmsLogs = operation({
  name: "vms.logs",
  summary: "Read the last lines that agent, browser and serial console of a VM wrote",
  http: { method: "GET", path: "/api/v1/vms/{name}/logs", status: 200 },
  input: z.strictObject({
    name: vmName,
    stream: logStream.optional()
      .describe("Only lines that come from here; left out: all, in the order of their times"),
    tail: z.coerce.number().int().min(0).max(TAIL_LINES_MAX).default(200)
      .describe("The last lines, so many at most"),
    follow: z.enum(["true", "false"]).default("false").describe(
      "Go on with new lines as server-sent events, as Accept: text/event-stream does",
    ),
  }),
  output: z.object({ lines: z.array(logLine) }),
  errors: ["vm_not_found"],
});
