/** What pages are made to believe of their surroundings: schemas and operations. */
import * as z from "zod";
import { actionFields, done, URL_LENGTH_MAX } from "./browser.ts";
import { operation } from "./operation.ts";
import { viewport as vmViewport } from "./vm_settings.ts";

/** Header lines that are sent along at most. */
export const EXTRA_HEADERS_MAX = 100;
/** Patterns of blocked URLs, and rules for answered ones, at most. */
export const URL_RULES_MAX = 100;
/** Characters of a body that a rule answers with. */
export const RULE_BODY_LENGTH_MAX = 1_000_000;

const headerText = z.string().max(8_192).regex(/^[\t\x20-\x7e\x80-\xff]*$/, "a header is one line");
const headers = z.record(z.string().regex(/^[\w!#$%&'*+.^`|~-]{1,256}$/), headerText)
  .refine((given) => Object.keys(given).length <= EXTRA_HEADERS_MAX, "there are too many headers");
/** `*` stands for any characters, `?` for one. */
const urlPattern = z.string().min(1).max(URL_LENGTH_MAX);

const viewport = z.strictObject({
  ...vmViewport.shape,
  /** As a phone lays pages out, with touch. */
  mobile: z.boolean().default(false),
});

const userAgent = z.strictObject({
  user_agent: z.string().min(1).max(4_096).regex(/^[\x20-\x7e]+$/, "a user agent is one line"),
  /** Such as de-DE,de;q=0.9. */
  accept_language: z.string().max(256).optional(),
  /** What navigator.platform says. */
  platform: z.string().max(64).optional(),
});

/** Round trips and rates like those that Chrome's own DevTools name so. */
export const NETWORK_PROFILES = {
  none: { latency_ms: 0, download_kbps: -1, upload_kbps: -1 },
  "slow-3g": { latency_ms: 2_000, download_kbps: 400, upload_kbps: 400 },
  "fast-3g": { latency_ms: 563, download_kbps: 1_475, upload_kbps: 675 },
  "slow-4g": { latency_ms: 563, download_kbps: 1_440, upload_kbps: 675 },
  "fast-4g": { latency_ms: 165, download_kbps: 8_100, upload_kbps: 1_350 },
} as const;

const kbps = z.number().min(-1).max(10_000_000);
const network = z.strictObject({
  offline: z.boolean().default(false),
  profile: z.enum(["none", "slow-3g", "fast-3g", "slow-4g", "fast-4g"]).default("none"),
  /** Instead of the profile's, as are the rates; -1 is no bound. */
  latency_ms: z.number().min(0).max(60_000).optional(),
  download_kbps: kbps.optional(),
  upload_kbps: kbps.optional(),
});

const rule = z.strictObject({
  url: urlPattern,
  method: z.string().regex(/^[A-Z]{1,16}$/, "a method is in capitals").optional(),
  /** Fails the request instead of answering it. */
  abort: z.boolean().default(false),
  status: z.int().min(100).max(599).default(200),
  headers: headers.default({}),
  body: z.string().max(RULE_BODY_LENGTH_MAX).default(""),
  /** The body is in base64. */
  base64: z.boolean().default(false),
});
/** How requests of some URLs are answered without the network. */
export type AnswerRule = z.output<typeof rule>;

/** Members that can be emulated; `null` takes one back. */
const emulated = {
  viewport: viewport.nullable().optional(),
  user_agent: userAgent.nullable().optional(),
  geolocation: z.strictObject({
    latitude: z.number().min(-90).max(90),
    longitude: z.number().min(-180).max(180),
    /** Metres. */
    accuracy: z.number().min(0).max(1_000_000).default(10),
  }).nullable().optional(),
  /** Such as de-DE. */
  locale: z.string().refine(isLocale, "it is no locale").nullable().optional(),
  /** Such as Europe/Berlin. */
  timezone: z.string().refine(isTimezone, "it is no time zone").nullable().optional(),
  network: network.nullable().optional(),
  /** So many times slower. */
  cpu_slowdown: z.number().min(1).max(100).nullable().optional(),
  /** Sent with each request. */
  headers: headers.nullable().optional(),
  /** For servers and proxies that ask. */
  http_auth: z.strictObject({ username: z.string().max(1_024), password: z.string().max(1_024) })
    .nullable().optional(),
  media: z.enum(["screen", "print"]).nullable().optional(),
  color_scheme: z.enum(["light", "dark"]).nullable().optional(),
  reduced_motion: z.enum(["reduce", "no-preference"]).nullable().optional(),
  blocked_urls: z.array(urlPattern).max(URL_RULES_MAX).nullable().optional(),
  /** The first that fits a request answers it. */
  answers: z.array(rule).max(URL_RULES_MAX).nullable().optional(),
} as const;

const emulation = z.strictObject(emulated);
/** What is asked for; members that are left out stay as they are. */
export type EmulationChange = z.output<typeof emulation>;
/** What is in force. */
export type EmulationSettings = {
  readonly [Key in keyof EmulationChange]?: NonNullable<EmulationChange[Key]>;
};

export const browserEmulate = operation({
  name: "browser.emulate",
  summary:
    "Change what pages believe of their surroundings, on one page or, with none named, on all pages now and later",
  http: { method: "POST", path: "/v1/browser/emulate", status: 200 },
  input: z.strictObject({ ...emulated, ...actionFields }),
  output: done.extend({
    /** What is in force now on the page, or on all; passwords are left out. */
    settings: z.looseObject({}),
  }),
  errors: ["emulation_failed", "page_not_found", "timeout", "browser_unavailable"],
});

export const browserViewport = operation({
  name: "browser.viewport",
  summary: "Set the size of a page or, with none named, of all pages",
  http: { method: "POST", path: "/v1/browser/viewport", status: 200 },
  input: z.strictObject({ ...viewport.shape, ...actionFields }),
  output: done,
  errors: ["emulation_failed", "page_not_found", "timeout", "browser_unavailable"],
});

export const browserUserAgent = operation({
  name: "browser.user_agent",
  summary: "Set the user agent of a page or, with none named, of all pages, client hints included",
  http: { method: "POST", path: "/v1/browser/user-agent", status: 200 },
  input: z.strictObject({ ...userAgent.shape, ...actionFields }),
  output: done,
  errors: ["emulation_failed", "page_not_found", "timeout", "browser_unavailable"],
});

/** About what pages believe; served by the agent. */
export const emulationOperations = {
  emulate: browserEmulate,
  viewport: browserViewport,
  userAgent: browserUserAgent,
} as const;

function isLocale(text: string): boolean {
  return isAccepted(() => new Intl.Locale(text));
}

function isTimezone(text: string): boolean {
  return isAccepted(() => new Intl.DateTimeFormat("en", { timeZone: text }));
}

function isAccepted(make: () => unknown): boolean {
  try {
    make();
    return true;
  } catch {
    return false;
  }
}
