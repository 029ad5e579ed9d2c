/** Cookies, what sites store, and what they may do: schemas and operations. */
import * as z from "zod";
import { actionFields, done, PAGE_ERRORS, URL_LENGTH_MAX } from "./browser.ts";
import { longRecord } from "./long_list.ts";
import { operation } from "./operation.ts";

/** Cookies in one request at most. */
export const COOKIES_MAX = 3_000;
/** Items of one origin's storage in one request at most. */
export const STORAGE_ITEMS_MAX = 10_000;
/** Permissions of all origins that are set at a time. */
export const PERMISSIONS_MAX = 500;

const cookieFields = {
  name: z.string().max(4_096).describe("Name of the cookie"),
  value: z.string().max(4_096).describe("What it holds"),
  path: z.string().max(4_096).optional().describe(
    "Path below which it is sent; left out: that of the url, or /",
  ),
  expires: z.number().optional()
    .describe("Seconds since 1970; left out, 0 or below: until the browser ends"),
  http_only: z.boolean().optional().describe("Kept from scripts; left out: not"),
  secure: z.boolean().optional().describe("Sent over HTTPS only; left out: not"),
  same_site: z.string().regex(/^(strict|lax|none|)$/i, "it is Strict, Lax or None").optional()
    .describe("Strict, Lax or None; left out: as Chrome takes it, nearly as Lax"),
  /** https://developer.mozilla.org/docs/Web/Privacy/Guides/Privacy_sandbox/Partitioned_cookies */
  partition_key: z.strictObject({
    top_level_site: z.string().max(4_096).describe("Such as https://example.com"),
    has_cross_site_ancestor: z.boolean().describe("Whether a frame between is of another site"),
  }).optional().describe("Site below whose pages alone it is sent; left out: below any"),
} as const;

/** A cookie as it is given. */
export const cookieToSet = z.strictObject({
  ...cookieFields,
  domain: z.string().max(256).optional()
    .describe(
      "Host that it is of, with a leading dot hosts below it too; else url or the page says",
    ),
  url: z.string().max(URL_LENGTH_MAX).optional()
    .describe("URL whose host it is of; left out with domain: the page's"),
});
/** A cookie as it is given. */
export type CookieToSet = z.output<typeof cookieToSet>;

/** A cookie as it is told. */
export const cookie = z.object({
  ...cookieFields,
  domain: z.string().describe("Host that it is of; with a leading dot hosts below it too"),
  path: z.string().describe("Path below which it is sent"),
  expires: z.number().describe("Seconds since 1970; -1: until the browser ends"),
  http_only: z.boolean().describe("Kept from scripts"),
  secure: z.boolean().describe("Sent over HTTPS only"),
});
/** A cookie as it is told. */
export type Cookie = z.output<typeof cookie>;

export const storageItems = longRecord(STORAGE_ITEMS_MAX).describe("Items by key");

const which = {
  kind: z.enum(["local", "session"]).default("local")
    .describe("Which of the origin's two storages"),
  origin: z.url().max(URL_LENGTH_MAX).optional()
    .describe(
      "Origin of a frame of the page, such as https://example.com; left out: the page's own",
    ),
} as const;

/** What setting cookies can meet. */
export const COOKIE_ERRORS = [
  "cookie_invalid",
  ...PAGE_ERRORS,
] as const;
const STORAGE_ERRORS = [
  "origin_not_open",
  ...PAGE_ERRORS,
] as const;

export const browserCookies = operation({
  name: "browser.cookies",
  summary: "List the browser's cookies, all or those that some URLs are sent, of a name or domain",
  http: { method: "POST", path: "/v1/browser/cookies", status: 200 },
  input: z.strictObject({
    urls: z.array(z.url().max(URL_LENGTH_MAX)).max(100).optional()
      .describe("Only cookies that one of these URLs is sent"),
    name: z.string().max(4_096).optional().describe("Only cookies of this name"),
    domain: z.string().max(256).optional()
      .describe("Only cookies of this host, with or without a leading dot"),
    ...actionFields,
  }),
  output: z.object({ cookies: z.array(cookie) }),
  errors: PAGE_ERRORS,
});

export const browserSetCookies = operation({
  name: "browser.set_cookies",
  summary: "Set cookies",
  http: { method: "POST", path: "/v1/browser/set-cookies", status: 200 },
  input: z.strictObject({
    cookies: z.array(cookieToSet).max(COOKIES_MAX).describe("All are set, or none"),
    ...actionFields,
  }),
  output: done,
  errors: COOKIE_ERRORS,
});

export const browserClearCookies = operation({
  name: "browser.clear_cookies",
  summary: "Delete the browser's cookies, all or those of a name, domain or path",
  http: { method: "POST", path: "/v1/browser/clear-cookies", status: 200 },
  input: z.strictObject({
    name: z.string().max(4_096).optional().describe("Only cookies of this name"),
    domain: z.string().max(256).optional()
      .describe("Only cookies of this host, with or without a leading dot"),
    path: z.string().max(4_096).optional().describe("Only cookies of this path"),
    ...actionFields,
  }),
  output: done.extend({ cleared: z.int().describe("How many were deleted") }),
  errors: PAGE_ERRORS,
});

export const browserStorage = operation({
  name: "browser.storage",
  summary: "List what an origin keeps in its local or session storage",
  http: { method: "POST", path: "/v1/browser/storage", status: 200 },
  input: z.strictObject({ ...which, ...actionFields }),
  output: z.object({
    origin: z.string(),
    items: z.record(z.string(), z.string()).describe("By key"),
  }),
  errors: [...STORAGE_ERRORS, "result_too_large"],
});

export const browserSetStorage = operation({
  name: "browser.set_storage",
  summary: "Put items into an origin's local or session storage",
  http: { method: "POST", path: "/v1/browser/set-storage", status: 200 },
  input: z.strictObject({
    items: storageItems.describe("Items by key, put beside those that are there"),
    ...which,
    ...actionFields,
  }),
  output: done,
  errors: [...STORAGE_ERRORS, "storage_full"],
});

export const browserClearStorage = operation({
  name: "browser.clear_storage",
  summary: "Empty an origin's local or session storage",
  http: { method: "POST", path: "/v1/browser/clear-storage", status: 200 },
  input: z.strictObject({ ...which, ...actionFields }),
  output: done,
  errors: STORAGE_ERRORS,
});

export const browserSetPermissions = operation({
  name: "browser.set_permissions",
  summary: "Grant or deny an origin what pages have to ask for, over restarts of Chrome too",
  http: { method: "POST", path: "/v1/browser/set-permissions", status: 200 },
  input: z.strictObject({
    permissions: z.record(
      z.string().regex(/^[a-z-]{1,64}$/, "a permission's name is in small letters"),
      z.enum(["granted", "denied", "prompt"]),
    ).describe(
      "granted, denied or prompt by the Permissions API's name, such as geolocation, clipboard-read",
    ),
    origin: z.url().max(URL_LENGTH_MAX).optional()
      .describe("Origin whose pages may or may not, such as https://example.com; left out: all"),
    ...actionFields,
  }),
  output: done,
  errors: [
    "permission_unknown",
    "permission_limit_reached",
    ...PAGE_ERRORS,
  ],
});

export const browserResetPermissions = operation({
  name: "browser.reset_permissions",
  summary: "Take back all permissions that were granted or denied",
  http: { method: "POST", path: "/v1/browser/reset-permissions", status: 200 },
  input: z.strictObject({ ...actionFields }),
  output: done,
  errors: PAGE_ERRORS,
});

/** About what the browser keeps; served by the agent. */
export const storageOperations = {
  cookies: browserCookies,
  setCookies: browserSetCookies,
  clearCookies: browserClearCookies,
  storage: browserStorage,
  setStorage: browserSetStorage,
  clearStorage: browserClearStorage,
  setPermissions: browserSetPermissions,
  resetPermissions: browserResetPermissions,
} as const;
