/** The record of who changed what: its schema and operation. */
import * as z from "zod";
import { operation } from "./operation.ts";
import { role } from "./roles.ts";

/** How a caller showed who it is. */
export const via = z.enum(["key", "environment_key", "ticket", "socket", "insecure_loopback"])
  .describe("How the caller showed who it is");

/** One request that was made to change something. */
export const auditRecord = z.object({
  seq: z.int().describe("Grows with every record"),
  at: z.iso.datetime(),
  principal: z.string().describe("Who: the name of the key, or what stands for one"),
  key_id: z.string().optional(),
  role,
  via,
  peer: z.string().optional().describe("Address of the client; absent on the Unix socket"),
  operation: z.string(),
  target: z.string().describe("What it was done to, such as the name of a VM"),
  outcome: z.string().describe("ok, or the code of the problem"),
});
/** One request that was made to change something. */
export type AuditRecord = z.infer<typeof auditRecord>;

/** Records in one answer at most. */
export const AUDIT_PAGE_MAX = 1_000;

export const auditList = operation({
  name: "audit.list",
  summary: "List who changed what, newest first",
  http: { method: "GET", path: "/api/v1/audit", status: 200 },
  input: z.strictObject({
    limit: z.coerce.number().int().min(1).max(AUDIT_PAGE_MAX).default(100)
      .describe("Records at most"),
    cursor: z.string().regex(/^\d{1,15}$/, "a cursor is what a page before gave").optional()
      .describe("The next_cursor of the page before; left out: the newest records"),
  }),
  output: z.object({
    records: z.array(auditRecord),
    next_cursor: z.string().optional().describe("Absent on the last page"),
  }),
  errors: [],
  role: "admin",
});
