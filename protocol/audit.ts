/** The record of who changed what: its schema and operation. */
import * as z from "zod";
import { operation } from "./operation.ts";
import { role } from "./roles.ts";

/** How a caller showed who it is. */
export const via = z.enum(["key", "environment_key", "ticket", "socket", "insecure_loopback"]);

/** One request that was made to change something. */
export const auditRecord = z.object({
  seq: z.int(),
  at: z.iso.datetime(),
  /** Who: the name of the key, or what stands for one. */
  principal: z.string(),
  key_id: z.string().optional(),
  role,
  via,
  /** Address of the client; absent on the Unix socket. */
  peer: z.string().optional(),
  operation: z.string(),
  /** What it was done to, such as the name of a VM. */
  target: z.string(),
  /** `ok`, or the code of the problem. */
  outcome: z.string(),
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
    limit: z.coerce.number().int().min(1).max(AUDIT_PAGE_MAX).default(100),
    /** The `next_cursor` of the page before. */
    cursor: z.string().regex(/^\d{1,15}$/, "a cursor is what a page before gave").optional(),
  }),
  output: z.object({
    records: z.array(auditRecord),
    /** Absent on the last page. */
    next_cursor: z.string().optional(),
  }),
  errors: [],
  role: "admin",
});
