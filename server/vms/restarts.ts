import type { VmRow } from "../store/vm_rows.ts";

/** Restarts in a row; after them a VM stays crashed. */
const RESTARTS_MAX = 5;
/** The pause before the first restart, doubled before each further one, in milliseconds. */
const PAUSE_MS = 1_000;
/** A VM that was ready for so long had recovered: its restarts are counted anew. */
const STABLE_MS = 600_000;

/** A restart to be made. */
export interface Restart {
  readonly afterMs: number;
  /** Which one in a row this is, from 1 on. */
  readonly count: number;
}

/** Whether and when a VM that has crashed is started again. Pure. */
export function nextRestart(
  row: Pick<VmRow, "settings" | "restarts" | "ready_at">,
  now: Date,
): Restart | null {
  if (row.settings.restart_policy !== "on_crash") return null;
  const readyMs = row.ready_at === null ? 0 : now.getTime() - Date.parse(row.ready_at);
  const before = readyMs >= STABLE_MS ? 0 : row.restarts;
  if (before >= RESTARTS_MAX) return null;
  return { afterMs: PAUSE_MS * 2 ** before, count: before + 1 };
}
