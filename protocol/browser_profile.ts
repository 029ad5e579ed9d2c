/** What a browser is logged in with, put into it and read out of it. */
import * as z from "zod";
import { actionFields, done, PAGE_ERRORS, timeoutMs } from "./browser.ts";
import { operation } from "./operation.ts";
import {
  leftOut,
  originContents,
  ORIGINS_MAX,
  PROFILE_BODY_BYTES_MAX,
} from "./profile_contents.ts";
import { cookie, COOKIE_ERRORS, COOKIES_MAX, cookieToSet, storageItems } from "./storage.ts";

const ownItems = z.record(z.string(), z.union([z.string(), storageItems])).optional();
const OWN_ITEMS_WORDS =
  "by key, of the page's own origin or of the first that it goes to; or of origins, each with its items";

export const profileAttach = operation({
  name: "profile.attach",
  summary:
    "Set cookies and what origins store: at once, but session storage when the page first goes there",
  http: { method: "POST", path: "/v1/profile/attach", status: 200 },
  input: z.strictObject({
    cookies: z.array(cookieToSet).max(COOKIES_MAX).default([]).describe("All are set, or none"),
    local_storage: ownItems.describe(`Items ${OWN_ITEMS_WORDS}`),
    session_storage: ownItems.describe(`Items ${OWN_ITEMS_WORDS}`),
    origins: z.array(originContents).max(ORIGINS_MAX).default([])
      .describe("What origins store, as profile.extract tells it"),
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
    scope: z.enum(["all", "visited"]).default("all").describe(
      "Origins that a page has been to, or also those that were attached and not gone to since",
    ),
    timeout_ms: z.preprocess((given) => given === undefined ? given : Number(given), timeoutMs),
  }),
  output: z.object({
    cookies: z.array(cookie),
    local_storage: z.record(z.string(), z.string()).describe("Items of the page's own origin"),
    session_storage: z.record(z.string(), z.string()).describe("Items of the page's own origin"),
    origin: z.string().describe("The page's own; empty where it has none"),
    origins: z.array(originContents).describe("What origins store"),
    read: z.array(z.string()).describe("Origins that were read, those that store nothing too"),
    left_out: z.array(leftOut).describe("What could not be taken along"),
    attached: z.boolean()
      .describe("Whether a profile was attached to this browser since it began"),
  }),
  errors: PAGE_ERRORS,
  role: "operator",
});

/** Served by the agent. */
export const browserProfileOperations = {
  attachProfile: profileAttach,
  extractProfile: profileExtract,
} as const;
