/** From settings to the DevTools commands that put them in force. */
import type { CDPSession } from "puppeteer-core";
import { type EmulationSettings, NETWORK_PROFILES } from "../../protocol/emulation.ts";
import type { Viewport } from "../../protocol/vm_settings.ts";
import { clientHintsOf } from "./client_hints.ts";
import { bareLanguages } from "./languages.ts";
import type { TargetKind } from "./own_targets.ts";

/** Bytes a second of a kilobit a second. */
const BYTES_PER_KILOBIT = 1_000 / 8;

/** A member of the settings. */
export type SettingKey = keyof EmulationSettings;
type Put = (session: CDPSession, settings: EmulationSettings) => Promise<unknown>;
type Puts = Readonly<Partial<Record<SettingKey, Put>>>;

const putMedia: Put = (session, settings) =>
  session.send("Emulation.setEmulatedMedia", {
    media: settings.media ?? "",
    features: [
      { name: "prefers-color-scheme", value: settings.color_scheme ?? "" },
      { name: "prefers-reduced-motion", value: settings.reduced_motion ?? "" },
      { name: "forced-colors", value: settings.forced_colors ?? "" },
      { name: "prefers-contrast", value: settings.contrast ?? "" },
    ],
  });

const putUserAgent: Put = (session, { user_agent: given }) => {
  const metadata = given && clientHintsOf(given.user_agent);
  const languages = bareLanguages(given?.accept_language ?? "");
  return session.send("Emulation.setUserAgentOverride", {
    userAgent: given?.user_agent ?? "",
    ...(languages === "" ? {} : { acceptLanguage: languages }),
    ...(given?.platform === undefined ? {} : { platform: given.platform }),
    ...(metadata === undefined ? {} : { userAgentMetadata: metadata }),
  });
};

const putTouch: Put = (session, { viewport }) =>
  session.send("Emulation.setTouchEmulationEnabled", {
    enabled: viewport?.touch ?? viewport?.mobile ?? false,
  });

/**
 * What each session of a page has to be told: when the page goes elsewhere, Chrome takes the word
 * of the session that was attached last.
 */
const ON_EACH_SESSION: Puts = {
  user_agent: putUserAgent,
  media: putMedia,
  color_scheme: putMedia,
  reduced_motion: putMedia,
  forced_colors: putMedia,
  contrast: putMedia,
};

const ANYWHERE: Puts = {
  user_agent: putUserAgent,
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

const IN_DOCUMENTS: Puts = {
  ...ANYWHERE,
  ...ON_EACH_SESSION,
  viewport: putTouch,
  locale: (session, { locale }) =>
    session.send("Emulation.setLocaleOverride", locale === undefined ? {} : { locale }),
  timezone: (session, { timezone }) =>
    session.send("Emulation.setTimezoneOverride", { timezoneId: timezone ?? "" }),
  cpu_slowdown: (session, { cpu_slowdown }) =>
    session.send("Emulation.setCPUThrottlingRate", { rate: cpu_slowdown ?? 1 }),
};

const PUTS_OF: Readonly<Record<TargetKind | "beside", Puts>> = {
  page: {
    ...IN_DOCUMENTS,
    geolocation: (session, { geolocation }) =>
      geolocation === undefined
        ? session.send("Emulation.clearGeolocationOverride")
        : session.send("Emulation.setGeolocationOverride", geolocation),
  },
  frame: IN_DOCUMENTS,
  worker: ANYWHERE,
  beside: ON_EACH_SESSION,
};

/** Members that Chrome only heeds on a session that listens to the network. */
const OF_THE_NETWORK: readonly SettingKey[] = ["network", "headers", "blocked_urls"];
/** Bodies are kept for the records' session, not for this one. */
const NO_BODIES = { maxTotalBufferSize: 0, maxResourceBufferSize: 0 };

/**
 * Sends what these members ask for, all in the same turn. A session `beside` is another one of a
 * page whose own was told. Answers may only come once a waiting target is let go.
 */
export async function put(
  session: CDPSession,
  kind: TargetKind | "beside",
  settings: EmulationSettings,
  keys: readonly SettingKey[],
): Promise<void> {
  const puts = new Set(keys.flatMap((key) => PUTS_OF[kind][key] ?? []));
  const enabling = kind !== "beside" && keys.some((key) => OF_THE_NETWORK.includes(key))
    ? session.send("Network.enable", NO_BODIES)
    : null;
  await Promise.all([
    enabling,
    ...[...puts].map(async (put) => {
      try {
        await put(session, settings);
      } catch (error) {
        // Pages of one process share these, and another page's is the same.
        if (!(error instanceof Error && /already in effect/.test(error.message))) throw error;
      }
    }),
  ]);
}

/** Sets the size of a page; `null` leaves it to Chrome. */
export async function putViewport(
  session: CDPSession,
  viewport: Viewport & { readonly mobile?: boolean } | null,
): Promise<void> {
  if (viewport === null) return void await session.send("Emulation.clearDeviceMetricsOverride");
  const { width, height, scale, mobile = false } = viewport;
  const isWide = width > height;
  await session.send("Emulation.setDeviceMetricsOverride", {
    ...{ width, height, mobile },
    deviceScaleFactor: scale,
    screenOrientation: {
      // A phone is held upright, and a monitor is not.
      angle: mobile && isWide ? 90 : 0,
      type: isWide ? "landscapePrimary" : "portraitPrimary",
    },
  });
}
