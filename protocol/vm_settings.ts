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

/** Words of the client's own, to find VMs by. */
export const labels = z.record(
  z.string().regex(LABEL, "a label is 1 to 63 of letters, digits, ., _, / and -"),
  z.string().regex(/^[a-zA-Z0-9._/-]{0,63}$/, "a label's value is up to 63 of those characters"),
).refine((all) => Object.keys(all).length <= LABELS_MAX, `at most ${LABELS_MAX} labels`);
/** Words of the client's own, to find VMs by. */
export type Labels = z.infer<typeof labels>;

/** What happens when a VM crashes. Restarts in a row are bounded, and their pauses grow. */
export const restartPolicy = z.enum(["never", "on_crash"]);

/** Without these as the guest has them, nothing in it would start. */
const RESERVED_VARIABLE = /^(PATH|HOME|VIPER_AGENT_CHROME_(AHEAD|OUTPUT))$/;

/** Variables for the agent and its Chrome. Their values are never given out again. */
export const environment = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, "a variable's name is letters, digits and _")
    .refine((name) => !RESERVED_VARIABLE.test(name), "this variable is the guest's own"),
  z.string().max(ENVIRONMENT_VALUE_LENGTH_MAX).regex(/^[^\n\0]*$/, "a value is one line"),
).refine(
  (all) => Object.keys(all).length <= ENVIRONMENT_MAX,
  `at most ${ENVIRONMENT_MAX} variables`,
);

/** Flags that are Viper's own: with another value the agent could not find its Chrome. */
const RESERVED_FLAG = /^--(remote-debugging-(port|address|pipe)|user-data-dir|headless)(=|$)/;

const flag = z.string().max(CHROME_FLAG_LENGTH_MAX)
  .regex(/^--[a-z0-9][\x20-\x7e]*$/, "a flag begins with -- and is printable ASCII")
  .refine((text) => !RESERVED_FLAG.test(text), "this flag is Viper's own");

/** The size of a page, in CSS pixels. */
export const viewport = z.strictObject({
  width: z.int().min(1).max(16_384),
  height: z.int().min(1).max(16_384),
  /** Device pixels per CSS pixel. */
  scale: z.number().min(0.1).max(8).default(1),
});
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
  /** Such as `http://10.0.0.5:3128` or `socks5://10.0.0.5:1080`. */
  server: z.string().max(512).regex(/^((https?|socks[45]):\/\/)?[\w.:[\]-]+$/),
  /** Hosts that are reached without it. */
  bypass: z.array(z.string().max(255).regex(/^[\w.*:[\]<>/-]+$/)).max(64).default([]),
  /** For a proxy that asks for a password (Basic, RFC 7617); never given out again. */
  username: z.string().min(1).max(256).regex(/^[^:\p{Cc}]+$/u).optional(),
  password: z.string().max(1_024).regex(/^\P{Cc}*$/u).optional(),
}).refine(
  ({ username, password }) => (username === undefined) === (password === undefined),
  "username and password go together",
).refine(
  ({ server, username }) => username === undefined || !server.startsWith("socks"),
  "only HTTP proxies are told a password",
);

/** How a VM's Chrome presents itself and reaches the world. */
export const chromeSettings = z.strictObject({
  /** Added after Viper's own flags. */
  flags: z.array(flag).max(CHROME_FLAGS_MAX).default([]),
  viewport: viewport.optional(),
  /** BCP 47, such as `de-DE`. */
  locale: z.string().regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/).max(35).optional(),
  /** IANA, such as `Europe/Berlin`. */
  timezone: z.string().regex(/^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/).max(64).optional(),
  user_agent: z.string().min(1).max(512).regex(/^[\x20-\x7e]*$/).optional(),
  proxy: proxy.optional(),
  /** Of authorities whose certificates Chrome trusts beside those that it knows. */
  ca_certificates: z.array(caCertificate).max(CA_CERTIFICATES_MAX).optional(),
});
/** How a VM's Chrome presents itself and reaches the world. */
export type ChromeSettings = z.output<typeof chromeSettings>;

/** A build in the daemon's folder of images. */
export const imageName = z.string().regex(
  /^[a-z0-9][a-z0-9._-]{0,99}$/,
  "an image is named by a-z, 0-9, ., _ and -",
);

/** Milliseconds that a VM may live, or be left alone. */
export const lifetimeMs = z.int().min(TTL_MS_MIN).max(TTL_MS_MAX);
