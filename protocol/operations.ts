/** The lists of operations, by who serves them. Everything that enumerates operations starts here. */
import { auditList } from "./audit.ts";
import { actOperations } from "./act.ts";
import { emulationOperations } from "./emulation.ts";
import { downloadOperations } from "./downloads.ts";
import { captureOperations } from "./capture.ts";
import { agentHealth, guestAnnounce, guestLogs, guestPageCrashed } from "./guest.ts";
import { browserProfileOperations } from "./browser_profile.ts";
import { keysCreate, keysDelete, keysList, ticketsCreate } from "./keys.ts";
import { vmsLogs } from "./logs.ts";
import { mockOperations } from "./mocks.ts";
import { lookOperations } from "./look.ts";
import { performanceOperations } from "./performance.ts";
import { pageOperations } from "./pages.ts";
import {
  profilesCreate,
  profilesDelete,
  profilesExport,
  profilesGet,
  profilesList,
} from "./profiles.ts";
import { quickContent, quickMarkdown, quickPdf, quickScrape, quickScreenshot } from "./quick.ts";
import { readingOperations } from "./reading.ts";
import { recordOperations } from "./records.ts";
import { storageOperations } from "./storage.ts";
import { scriptOperations } from "./scripts.ts";
import { systemHealth, systemStatus } from "./system.ts";
import { waitOperations } from "./waits.ts";
import {
  vmsCreate,
  vmsDelete,
  vmsGet,
  vmsList,
  vmsPause,
  vmsRestart,
  vmsResume,
  vmsSaveProfile,
  vmsSetEgress,
  vmsStart,
  vmsStop,
  vmsWait,
} from "./vm_operations.ts";

/** Served by the daemon. */
export const vmOperations = {
  create: vmsCreate,
  list: vmsList,
  get: vmsGet,
  wait: vmsWait,
  start: vmsStart,
  stop: vmsStop,
  restart: vmsRestart,
  pause: vmsPause,
  resume: vmsResume,
  setEgress: vmsSetEgress,
  saveProfile: vmsSaveProfile,
  delete: vmsDelete,
} as const;

/** Served by the daemon. */
export const systemOperations = { health: systemHealth, status: systemStatus } as const;

/** Served by the daemon. */
export const keyOperations = { create: keysCreate, list: keysList, delete: keysDelete } as const;

/** Served by the daemon. */
export const ticketOperations = { create: ticketsCreate } as const;

/** Served by the daemon. */
export const auditOperations = { list: auditList } as const;

/** Served by the daemon. */
export const profileOperations = {
  create: profilesCreate,
  list: profilesList,
  get: profilesGet,
  export: profilesExport,
  delete: profilesDelete,
} as const;

/** Served by the daemon. */
export const logOperations = { read: vmsLogs } as const;

/** Served by the daemon, each on a VM of its own. */
export const quickOperations = {
  screenshot: quickScreenshot,
  pdf: quickPdf,
  content: quickContent,
  markdown: quickMarkdown,
  scrape: quickScrape,
} as const;

/** Served by the agent; the daemon serves them too, under {@linkcode AGENT_PREFIX}. */
export const browserOperations = {
  ...pageOperations,
  ...captureOperations,
  ...lookOperations,
  ...readingOperations,
  ...waitOperations,
  ...actOperations,
  ...recordOperations,
  ...emulationOperations,
  ...mockOperations,
  ...performanceOperations,
  ...storageOperations,
  ...downloadOperations,
  ...browserProfileOperations,
  ...scriptOperations,
} as const;

/** Served by the agent beside the browser's. */
export const agentOperations = { health: agentHealth } as const;

/** Served by the daemon's guest-facing listener. */
export const guestOperations = {
  announce: guestAnnounce,
  logs: guestLogs,
  pageCrashed: guestPageCrashed,
} as const;

/** Where the daemon serves what a VM's agent serves. */
export const AGENT_PREFIX = "/api/v1/vms/{name}/agent";
