/** What a caller may do. */
import * as z from "zod";

/** From the least to the most: each may do what those before it may. */
export const role = z.enum(["viewer", "operator", "admin"])
  .describe("What its holder may do: a viewer reads, an operator changes VMs, an admin all");
/** What a caller may do. */
export type Role = z.infer<typeof role>;

/** Whether `held` suffices where `needed` is asked for. */
export function allows(held: Role, needed: Role): boolean {
  return role.options.indexOf(held) >= role.options.indexOf(needed);
}
