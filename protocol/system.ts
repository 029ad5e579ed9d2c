/** The daemon itself: health and status. */
import * as z from "zod";
import { operation } from "./operation.ts";
import { runtimeName } from "./vms.ts";

export const systemHealth = operation({
  name: "system.health",
  summary: "Say that the daemon answers",
  http: { method: "GET", path: "/healthz", status: 200 },
  input: z.strictObject({}),
  output: z.object({ status: z.literal("ok"), version: z.string() }),
  errors: [],
});

export const systemStatus = operation({
  name: "system.status",
  summary: "Count VMs and say how busy the host is",
  http: { method: "GET", path: "/api/v1/system/status", status: 200 },
  input: z.strictObject({}),
  output: z.object({
    version: z.string(),
    vm_count: z.int(),
    cpu_percent: z.number()
      .describe("Share of all cores in use over the last second or so, 0 to 100"),
    mem_percent: z.number().describe("Share of memory in use, 0 to 100"),
    default_runtime: runtimeName,
    uptime_ms: z.int(),
  }),
  errors: [],
});
