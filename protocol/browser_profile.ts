/** What a browser is logged in with, put into it and read out of it. */
import * as z from "zod";
import { actionFields, done, timeoutMs } from "./browser.ts";
import { operation } from "./operation.ts";
import {
  leftOut,
  originContents,
  ORIGINS_MAX,
  PROFILE_BODY_BYTES_MAX,
} from "./profile_contents.ts";
import { cookie, COOKIE_ERRORS, COOKIES_MAX, cookieToSet, storageItems } from "./storage.ts";

/** Items of the page's own origin; or of origins, each with its items. */
const ownItems = z.record(z.string(), z.union([z.string(), storageItems])).optional();

export const profileAttach = operation({
  name: "profile.attach",
  summary:
    "Set cookies and what origins store: at once, but session storage when the page first goes there",
  http: { method: "POST", path: "/v1/profile/attach", status: 200 },
  input: z.strictObject({
    cookies: z.array(cookieToSet).max(COOKIES_MAX).default([]),
    /** Of the page's own origin, or of the first that it goes to. */
    local_storage: ownItems,
    session_storage: ownItems,
    /** As they are extracted. */
    origins: z.array(originContents).max(ORIGINS_MAX).default([]),
    ...actionFields,
  }),
  output: done,
  errors: [...COOKIE_ERRORS, "storage_full", "database_blocked", "origin_unreachable"],
  bodyBytesMax: PROFILE_BODY_BYTES_MAX,
});

export const profileExtract = operation({
  name: "profile.extract",
  summary:
    "Read all cookies and what every origin stores that a page has been to or that was attached",
  http: { method: "GET", path: "/v1/profile/extract", status: 200 },
  input: z.strictObject({
    page: actionFields.page,
    /** Origins that a page has been to, or also those that were attached and not gone to since. */
    scope: z.enum(["all", "visited"]).default("all"),
    timeout_ms: z.preprocess((given) => given === undefined ? given : Number(given), timeoutMs),
  }),
  output: z.object({
    cookies: z.array(cookie),
    /** Of the page's own origin. */
    local_storage: z.record(z.string(), z.string()),
    session_storage: z.record(z.string(), z.string()),
    /** The page's own; empty where it has none. */
    origin: z.string(),
    origins: z.array(originContents),
    /** Origins that were read, those that store nothing too. */
    read: z.array(z.string()),
    /** What could not be taken along. */
    left_out: z.array(leftOut),
    /** Whether a profile was attached to this browser since it began. */
    attached: z.boolean(),
  }),
  errors: ["page_not_found", "timeout", "browser_unavailable"],
  role: "operator",
});

/** Served by the agent. */
export const browserProfileOperations = {
  attachProfile: profileAttach,
  extractProfile: profileExtract,
} as const;
