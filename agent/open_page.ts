import type { CDPSession, Page } from "puppeteer-core";
import type { Emulations } from "./emulation/emulations.ts";
import type { ProfileState } from "./know/profile_state.ts";
import type { StorageSeed } from "./know/storage_seed.ts";
import type { PageRecord } from "./records/page_record.ts";
import type { Dialogs } from "./dialogs.ts";
import type { Downloads } from "./downloads/downloads.ts";
import type { PageLoads } from "./page_loads.ts";
import type { Refs } from "./refs.ts";
import type { SnapshotMemory } from "./snapshot_memory.ts";
import type { Turns } from "./turns.ts";

/** A page that actions can be done on. */
export interface OpenPage {
  /** DevTools' id of its target. */
  readonly id: string;
  readonly page: Page;
  /** All open pages, the active one last. */
  readonly pages: () => readonly OpenPage[];
  /**
   * A DevTools session of our own on the page, for what puppeteer has no words for. In it the page
   * is given its size; in others Chrome draws it without.
   */
  readonly cdp: CDPSession;
  /** What snapshots named the page's elements. */
  readonly refs: Refs;
  readonly memory: SnapshotMemory;
  /** What is kept of the page's life. */
  readonly record: PageRecord;
  readonly loads: PageLoads;
  readonly dialogs: Dialogs;
  /** Those of all pages. */
  readonly downloads: Downloads;
  /** Actions on one page run one after another. */
  readonly turns: Turns;
  /** What this page and the others are made to believe. */
  readonly emulations: Emulations;
  /** What its origins are to store once it goes there. */
  readonly seed: StorageSeed;
  /** What is known of what the browser stores. */
  readonly profile: ProfileState;
  /** Aborted when the page has crashed or was closed. */
  readonly gone: AbortSignal;
}
