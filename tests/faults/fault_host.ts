/** A host whose Nth labelled call fails, as SQLite's malloc tests do for memory. */
import type { Host, Label } from "../../host/host.ts";
import { watchedHost } from "./recording_host.ts";

/** What every failed call throws. */
export class InjectedFault extends Error {
  override readonly name = "InjectedFault";
}

/** Settings of {@linkcode faultHost}. */
export interface FaultPlan {
  /** The first call that fails, counted from 1 over all calls that are not exempt. */
  readonly failAt: number;
  /** Whether every later call fails, too, or just this one. */
  readonly persistent: boolean;
  /**
   * Calls that neither count nor fail.
   * @default with `persistent` those whose label ends in `_undo`, else none
   */
  readonly exempt?: (label: Label) => boolean;
}

/** The real host with a fault; `fault.label` says which call failed first, if any did. */
export function faultHost(
  real: Host,
  { failAt, persistent, exempt = persistent ? isUndo : () => false }: FaultPlan,
): Host & { readonly fault: { label: Label | null } } {
  const fault: { label: Label | null } = { label: null };
  let count = 0;
  const host = watchedHost(real, ({ label, detail }) => {
    if (exempt(label)) return;
    count++;
    if (persistent ? count < failAt : count !== failAt) return;
    fault.label ??= label;
    throw new InjectedFault(`Call ${count} failed on purpose: ${label} (${detail})`);
  });
  return { ...host, fault };
}

/** Whether a label belongs to taking something back; see `Label` in `host/host.ts`. */
export function isUndo(label: Label): boolean {
  return label.endsWith("_undo") || label.includes(":undo");
}
