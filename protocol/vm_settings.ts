/** What a client may decide about a VM when it creates it, beside its size. */
import { X509Certificate } from "node:crypto";
import * as z from "zod";

export const LABELS_MAX = 32;
export const CHROME_FLAGS_MAX = 64;
export const CHROME_FLAG_LENGTH_MAX = 2_048;
export const ENVIRONMENT_MAX = 64;
export const ENVIRONMENT_VALUE_LENGTH_MAX = 4_096;
/** Seven days: a timer of the daemon must be able to hold it. */
export const TTL_MS_MAX = 7 * 24 * 3_600_000;
/** Shorter than this a client could not use what it has made. */
export const TTL_MS_MIN = 1_000;

const LABEL = /^[a-zA-Z0-9]([a-zA-Z0-9._/-]{0,61}[a-zA-Z0-9])?$/;

export const labels = z.record(
  z.string().regex(LABEL, "a label is 1 to 63 of letters, digits, ., _, / and -"),
  z.string().regex(/^[a-zA-Z0-9._/-]{0,63}$/, "a label's value is up to 63 of those characters"),
).refine((all) => Object.keys(all).length <= LABELS_MAX, `at most ${LABELS_MAX} labels`)
  .describe("Words of the client's own by name, to find VMs by");
/** Words of the client's own, to find VMs by. */
export type Labels = z.infer<typeof labels>;

/** Restarts in a row are bounded, and their pauses grow. */
export const restartPolicy = z.enum(["never", "on_crash"])
  .describe("Whether the VM is started again when it crashes");

/** Without these as the guest has them, nothing in it would start. */
const RESERVED_VARIABLE = /^(PATH|HOME|VIPER_AGENT_CHROME_(AHEAD|OUTPUT))$/;

export const environment = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, "a variable's name is letters, digits and _")
    .refine((name) => !RESERVED_VARIABLE.test(name), "this variable is the guest's own"),
  z.string().max(ENVIRONMENT_VALUE_LENGTH_MAX).regex(/^[^\n\0]*$/, "a value is one line"),
).refine(
  (all) => Object.keys(all).length <= ENVIRONMENT_MAX,
  `at most ${ENVIRONMENT_MAX} variables`,
).describe(
  "Variables for the agent and its Chrome by name; their values are never given out again",
);

/** Flags that are Viper's own: with another value the agent could not find its Chrome. */
const RESERVED_FLAG = /^--(remote-debugging-(port|address|pipe)|user-data-dir|headless)(=|$)/;

const flag = z.string().max(CHROME_FLAG_LENGTH_MAX)
  .regex(/^--[a-z0-9][\x20-\x7e]*$/, "a flag begins with -- and is printable ASCII")
  .refine((text) => !RESERVED_FLAG.test(text), "this flag is Viper's own");

export const viewport = z.strictObject({
  width: z.int().min(1).max(16_384).describe("CSS pixels"),
  height: z.int().min(1).max(16_384).describe("CSS pixels"),
  scale: z.number().min(0.1).max(8).default(1).describe("Device pixels per CSS pixel"),
}).describe("Size of a page");
/** The size of a page, in CSS pixels. */
export type Viewport = z.output<typeof viewport>;

/** Certificates of authorities that one VM trusts beside those that everybody does. */
export const CA_CERTIFICATES_MAX = 16;
/** Characters of one of them, as PEM. */
export const CA_CERTIFICATE_LENGTH_MAX = 16_384;

/** The certificate of an authority, as PEM (RFC 7468). */
const caCertificate = z.string().max(CA_CERTIFICATE_LENGTH_MAX)
  .regex(
    /^\s*-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*$/,
    "a certificate is one block of PEM, from -----BEGIN CERTIFICATE----- on",
  )
  .refine(isOfAuthority, "this is not the certificate of an authority (CA:TRUE)");

function isOfAuthority(pem: string): boolean {
  try {
    return new X509Certificate(pem).ca;
  } catch {
    return false;
  }
}

const proxy = z.strictObject({
  server: z.string().max(512).regex(/^((https?|socks[45]):\/\/)?[\w.:[\]-]+$/)
    .describe("Such as http://10.0.0.5:3128 or socks5://10.0.0.5:1080"),
  bypass: z.array(z.string().max(255).regex(/^[\w.*:[\]<>/-]+$/)).max(64).default([])
    .describe("Hosts that are reached without it"),
  username: z.string().min(1).max(256).regex(/^[^:\p{Cc}]+$/u).optional()
    .describe("For an HTTP proxy that asks for a password (Basic, RFC 7617)"),
  password: z.string().max(1_024).regex(/^\P{Cc}*$/u).optional()
    .describe("Goes with the username; never given out again"),
}).refine(
  ({ username, password }) => (username === undefined) === (password === undefined),
  "username and password go together",
).refine(
  ({ server, username }) => username === undefined || !server.startsWith("socks"),
  "only HTTP proxies are told a password",
);

export const chromeSettings = z.strictObject({
  flags: z.array(flag).max(CHROME_FLAGS_MAX).default([])
    .describe("Chrome's own flags, such as --mute-audio, added after Viper's"),
  viewport: viewport.optional().describe("Size of each new page; left out: the agent's own"),
  locale: z.string().regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/).max(35).optional()
    .describe("Language that Chrome asks for, as BCP 47 writes it, such as de-DE"),
  timezone: z.string().regex(/^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/).max(64).optional()
    .describe("IANA time zone, such as Europe/Berlin"),
  user_agent: z.string().min(1).max(512).regex(/^[\x20-\x7e]*$/).optional()
    .describe("What Chrome says that it is, in the header User-Agent"),
  proxy: proxy.optional().describe("Proxy that Chrome reaches the world through; left out: none"),
  ca_certificates: z.array(caCertificate).max(CA_CERTIFICATES_MAX).optional()
    .describe("Certificates of authorities, as PEM, that Chrome trusts beside those that it knows"),
}).describe("How the VM's Chrome presents itself and reaches the world");
/** How a VM's Chrome presents itself and reaches the world. */
export type ChromeSettings = z.output<typeof chromeSettings>;

export const imageName = z.string().regex(
  /^[a-z0-9][a-z0-9._-]{0,99}$/,
  "an image is named by a-z, 0-9, ., _ and -",
).describe("Build in the daemon's folder of images");

/** Milliseconds that a VM may live, or be left alone. */
export const lifetimeMs = z.int().min(TTL_MS_MIN).max(TTL_MS_MAX);
