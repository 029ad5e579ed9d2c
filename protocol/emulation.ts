/** What pages are made to believe of their surroundings: schemas and operations. */
import * as z from "zod";
import { done, oneOrAllPages, PAGE_ERRORS, URL_LENGTH_MAX } from "./browser.ts";
import { operation } from "./operation.ts";
import { viewport as vmViewport } from "./vm_settings.ts";

/** Header lines that are sent along at most. */
export const EXTRA_HEADERS_MAX = 100;
/** Patterns of blocked URLs. */
export const BLOCKED_URLS_MAX = 100;

const headerText = z.string().max(8_192).regex(/^[\t\x20-\x7e\x80-\xff]*$/, "a header is one line");
/** Header lines by name. */
export const headerLines = z.record(z.string().regex(/^[\w!#$%&'*+.^`|~-]{1,256}$/), headerText)
  .refine((given) => Object.keys(given).length <= EXTRA_HEADERS_MAX, "there are too many headers");
/** URLs as a whole: `*` stands for any characters, `?` for one. */
export const urlPattern = z.string().min(1).max(URL_LENGTH_MAX);

const viewport = z.strictObject({
  ...vmViewport.shape,
  mobile: z.boolean().default(false).describe("Lay pages out as a phone does"),
  touch: z.boolean().optional()
    .describe("As on a screen that is touched; left out: what mobile says"),
}).describe("Size of the page and kind of its screen");

const userAgent = z.strictObject({
  user_agent: z.string().min(1).max(4_096).regex(/^[\x20-\x7e]+$/, "a user agent is one line")
    .describe("What the header User-Agent and navigator.userAgent say"),
  accept_language: z.string().min(1).max(256).regex(/^[\w,;=.* -]+$/, "it is no list of languages")
    .optional().describe("What the header Accept-Language says, such as de-DE,de;q=0.9"),
  platform: z.string().max(64).optional().describe("What navigator.platform says"),
}).describe("What the browser says that it is, client hints included");

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
  offline: z.boolean().default(false).describe("Nothing can be reached"),
  profile: z.enum(["none", "slow-3g", "fast-3g", "slow-4g", "fast-4g"]).default("none")
    .describe("A network that Chrome's DevTools know by this name; none is as fast as there is"),
  latency_ms: z.number().min(0).max(60_000).optional()
    .describe("Milliseconds that an answer takes at least; left out: the profile's"),
  download_kbps: kbps.optional()
    .describe("Kilobits per second, -1 is no bound; left out: the profile's"),
  upload_kbps: kbps.optional()
    .describe("Kilobits per second, -1 is no bound; left out: the profile's"),
}).describe("How slow the network is made");

const httpAuth = z.strictObject({
  username: z.string().max(1_024).describe("Who to log in as"),
  password: z.string().max(1_024).describe("Told nowhere again"),
  origin: z.url().max(URL_LENGTH_MAX).optional().describe(
    "The only origin that is told them, such as https://example.com; left out: each that asks",
  ),
}).describe("Name and password for servers and proxies that ask");

const settings = {
  viewport,
  user_agent: userAgent,
  geolocation: z.strictObject({
    latitude: z.number().min(-90).max(90).describe("Degrees to the north"),
    longitude: z.number().min(-180).max(180).describe("Degrees to the east"),
    accuracy: z.number().min(0).max(1_000_000).default(10).describe("In metres"),
  }).describe("Where the browser is; pages also need the permission to know"),
  locale: z.string().max(64).refine(isLocale, "it is no locale")
    .describe("How dates and numbers are written, such as de-DE"),
  timezone: z.string().max(64).refine(isTimezone, "it is no time zone")
    .describe("IANA time zone, such as Europe/Berlin"),
  network,
  cpu_slowdown: z.number().min(1).max(100).describe("How many times slower scripts and layout run"),
  headers: headerLines.describe("Header lines by name, sent with each request"),
  http_auth: httpAuth,
  media: z.enum(["screen", "print"]).describe("CSS media type"),
  color_scheme: z.enum(["light", "dark"]).describe("CSS media feature prefers-color-scheme"),
  reduced_motion: z.enum(["reduce", "no-preference"])
    .describe("CSS media feature prefers-reduced-motion"),
  forced_colors: z.enum(["active", "none"]).describe("CSS media feature forced-colors"),
  contrast: z.enum(["more", "less", "no-preference"]).describe(
    "CSS media feature prefers-contrast",
  ),
  blocked_urls: z.array(urlPattern).max(BLOCKED_URLS_MAX)
    .describe("URLs, as a whole, that are not asked for: * stands for any characters, ? for one"),
} as const;

/** What is in force. */
export type EmulationSettings = {
  readonly [Key in keyof typeof settings]?: z.output<typeof settings[Key]>;
};
/** What is asked for; members that are left out stay as they are, `null` takes one back. */
export type EmulationChange = {
  readonly [Key in keyof typeof settings]?: z.output<typeof settings[Key]> | null | undefined;
};

function orTakenBack<Shape extends Readonly<Record<string, z.ZodType>>>(shape: Shape) {
  const members = Object.entries(shape)
    .map(([name, schema]) => [
      name,
      schema.nullable().optional().describe(`${schema.description}; null takes it back`),
    ]);
  return Object.fromEntries(members) as {
    [Key in keyof Shape]: z.ZodOptional<z.ZodNullable<Shape[Key]>>;
  };
}

const told = z.object({
  ...settings,
  http_auth: httpAuth.omit({ password: true }).describe("Without the password"),
}).partial().describe("What is in force now, on the page or on all; what is not set is left out");

const ERRORS = ["emulation_failed", ...PAGE_ERRORS] as const;

export const browserEmulate = operation({
  name: "browser.emulate",
  summary:
    "Change what pages believe of their surroundings, on one page or, with none named, on all pages now and later",
  http: { method: "POST", path: "/v1/browser/emulate", status: 200 },
  input: z.strictObject({ ...orTakenBack(settings), ...oneOrAllPages }),
  output: done.extend({ settings: told }),
  errors: ["dialog_open", ...ERRORS],
});

export const browserEmulation = operation({
  name: "browser.emulation",
  summary: "Tell what pages are made to believe, all or the one that is named",
  http: { method: "POST", path: "/v1/browser/emulation", status: 200 },
  input: z.strictObject({ ...oneOrAllPages }),
  output: z.object({ settings: told }),
  errors: PAGE_ERRORS,
});

export const browserResetEmulation = operation({
  name: "browser.reset_emulation",
  summary:
    "Take back what pages were made to believe, from one page what was said of it alone or, with none named, everything",
  http: { method: "POST", path: "/v1/browser/reset-emulation", status: 200 },
  input: z.strictObject({ ...oneOrAllPages }),
  output: done,
  errors: ["dialog_open", ...ERRORS],
});

export const browserViewport = operation({
  name: "browser.viewport",
  summary: "Set the size of a page or, with none named, of all pages",
  http: { method: "POST", path: "/v1/browser/viewport", status: 200 },
  input: z.strictObject({ ...viewport.shape, ...oneOrAllPages }),
  output: done,
  errors: ["dialog_open", ...ERRORS],
});

export const browserUserAgent = operation({
  name: "browser.user_agent",
  summary: "Set the user agent of a page or, with none named, of all pages, client hints included",
  http: { method: "POST", path: "/v1/browser/user-agent", status: 200 },
  input: z.strictObject({ ...userAgent.shape, ...oneOrAllPages }),
  output: done,
  errors: ["dialog_open", ...ERRORS],
});

/** About what pages believe; served by the agent. */
export const emulationOperations = {
  emulate: browserEmulate,
  emulation: browserEmulation,
  resetEmulation: browserResetEmulation,
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
