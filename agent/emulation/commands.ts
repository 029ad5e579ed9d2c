/** From settings to the DevTools commands that put them in force. */
import type { CDPSession } from "puppeteer-core";
import { type EmulationSettings, NETWORK_PROFILES } from "../../protocol/emulation.ts";
import type { Viewport } from "../../protocol/vm_settings.ts";
import { clientHintsOf } from "./client_hints.ts";

/** Bytes a second of a kilobit a second. */
const BYTES_PER_KILOBIT = 1_000 / 8;

type Key = keyof EmulationSettings;
/** Puppeteer's session of a page, the agent's own one beside it, or that of a frame or worker. */
export type SessionKind = "page" | "own" | "inner";
type Put = (session: CDPSession, settings: EmulationSettings) => Promise<unknown>;

const media: Put = (session, { media, color_scheme, reduced_motion }) =>
  session.send("Emulation.setEmulatedMedia", {
    media: media ?? "",
    features: [
      { name: "prefers-color-scheme", value: color_scheme ?? "" },
      { name: "prefers-reduced-motion", value: reduced_motion ?? "" },
    ],
  });

const userAgent: Put = (session, { user_agent: given }) => {
  const metadata = given && clientHintsOf(given.user_agent);
  return session.send("Emulation.setUserAgentOverride", {
    userAgent: given?.user_agent ?? "",
    ...(given?.accept_language === undefined ? {} : { acceptLanguage: given.accept_language }),
    ...(given?.platform === undefined ? {} : { platform: given.platform }),
    ...(metadata === undefined ? {} : { userAgentMetadata: metadata }),
  });
};

/** What a change of a member asks of each session. */
const PUTS: Partial<Record<Key, Put>> = {
  user_agent: userAgent,
  network: (session, { network }) => {
    const { latency_ms, download_kbps, upload_kbps } = {
      ...NETWORK_PROFILES[network?.profile ?? "none"],
      ...Object.fromEntries(
        Object.entries(network ?? {}).filter(([, value]) => value !== undefined),
      ),
    };
    const rate = (kilobits: number) => kilobits < 0 ? -1 : kilobits * BYTES_PER_KILOBIT;
    return session.send("Network.emulateNetworkConditions", {
      offline: network?.offline ?? false,
      latency: latency_ms,
      downloadThroughput: rate(download_kbps),
      uploadThroughput: rate(upload_kbps),
    });
  },
  headers: (session, { headers }) =>
    session.send("Network.setExtraHTTPHeaders", { headers: headers ?? {} }),
  blocked_urls: (session, { blocked_urls }) =>
    session.send("Network.setBlockedURLs", { urls: [...blocked_urls ?? []] }),
};

/** When a page goes elsewhere, its last session's word on these is the one that counts. */
const OWN_PUTS: Partial<Record<Key, Put>> = {
  user_agent: userAgent,
  media,
  color_scheme: media,
  reduced_motion: media,
};

/** Frames and workers follow their page in these. */
const PAGE_PUTS: Partial<Record<Key, Put>> = {
  ...PUTS,
  ...OWN_PUTS,
  geolocation: (session, { geolocation }) =>
    geolocation === undefined
      ? session.send("Emulation.clearGeolocationOverride")
      : session.send("Emulation.setGeolocationOverride", geolocation),
  locale: (session, { locale }) =>
    session.send("Emulation.setLocaleOverride", locale === undefined ? {} : { locale }),
  timezone: (session, { timezone }) =>
    session.send("Emulation.setTimezoneOverride", { timezoneId: timezone ?? "" }),
  cpu_slowdown: (session, { cpu_slowdown }) =>
    session.send("Emulation.setCPUThrottlingRate", { rate: cpu_slowdown ?? 1 }),
};

const PUTS_OF = { page: PAGE_PUTS, own: OWN_PUTS, inner: PUTS };

/** Sends what these members ask for. Answers may only come once a waiting target is let go. */
export async function put(
  session: CDPSession,
  kind: SessionKind,
  settings: EmulationSettings,
  keys: readonly Key[],
): Promise<void> {
  const puts = new Set(keys.flatMap((key) => PUTS_OF[kind][key] ?? []));
  await Promise.all([...puts].map(async (put) => {
    try {
      await put(session, settings);
    } catch (error) {
      // Pages of one process share these, and another page's is the same.
      if (!(error instanceof Error && /already in effect/.test(error.message))) throw error;
    }
  }));
}

/** Sets the size of a page, or gives it back the one that its Chrome was started with. */
export async function putViewport(
  session: CDPSession,
  viewport: EmulationSettings["viewport"],
  fallback: Viewport,
): Promise<void> {
  const { width, height, scale } = viewport ?? fallback;
  const mobile = viewport?.mobile ?? false;
  await session.send("Emulation.setDeviceMetricsOverride", {
    ...{ width, height, mobile },
    deviceScaleFactor: scale,
    screenOrientation: width > height
      ? { angle: 90, type: "landscapePrimary" }
      : { angle: 0, type: "portraitPrimary" },
  });
  await session.send("Emulation.setTouchEmulationEnabled", { enabled: mobile });
}
