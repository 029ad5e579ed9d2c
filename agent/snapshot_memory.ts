/** What the last snapshot of a page told, for the next to be compared with. */
export interface SnapshotMemory {
  /** `null` when there was none. */
  lines: readonly string[] | null;
}
