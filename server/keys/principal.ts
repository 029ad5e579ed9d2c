import type { AuditRecord } from "../../protocol/audit.ts";
import { ViperError } from "../../protocol/problems.ts";
import { allows, type Role } from "../../protocol/roles.ts";

/** Who makes a request, once that is known. */
export interface Principal {
  readonly role: Role;
  /** Of the key, or what stands for one. */
  readonly name: string;
  /** `null` where no stored key was shown. */
  readonly keyId: string | null;
  readonly via: AuditRecord["via"];
}

/** @throws {ViperError} `forbidden`, when the principal's role does not suffice for `action` */
export function requireRole(principal: Principal, needed: Role, action: string): void {
  if (allows(principal.role, needed)) return;
  throw new ViperError(
    "forbidden",
    `Cannot do ${action} as "${principal.name}": it needs the role ${needed}, and this key has ` +
      `the role ${principal.role}`,
  );
}
