/** How a VM's Chrome is told what its creator decided. Pure. */
import type { Instance } from "../../protocol/guest.ts";
import type { ChromeSettings } from "../../protocol/vm_settings.ts";

/**
 * Flags after Viper's own; of a flag that stands twice Chrome takes the last.
 * https://peter.sh/experiments/chromium-command-line-switches/
 */
export function chromeArguments(settings: ChromeSettings): string[] {
  const { viewport, locale, user_agent: userAgent, proxy, flags } = settings;
  return [
    ...(viewport === undefined ? [] : [
      `--window-size=${viewport.width},${viewport.height}`,
      `--force-device-scale-factor=${viewport.scale}`,
    ]),
    ...(locale === undefined ? [] : [`--lang=${locale}`, `--accept-lang=${locale}`]),
    ...(userAgent === undefined ? [] : [`--user-agent=${userAgent}`]),
    ...(proxy === undefined ? [] : [`--proxy-server=${proxy.server}`]),
    ...(proxy === undefined || proxy.bypass.length === 0
      ? []
      : [`--proxy-bypass-list=${proxy.bypass.join(";")}`]),
    ...flags,
  ];
}

/** Variables of Chrome's process. ICU takes the time zone from TZ. */
export function chromeEnvironment({ timezone }: ChromeSettings): Record<string, string> {
  return timezone === undefined ? {} : { TZ: timezone };
}

/** What the agent prepares around Chrome: a password has no place among flags. */
export function preparations(
  { proxy, ca_certificates: certificates = [] }: ChromeSettings,
): Pick<Instance["chrome"], "proxy" | "ca_certificates"> {
  const { server, username, password } = proxy ?? {};
  const isAsked = server !== undefined && username !== undefined && password !== undefined;
  return {
    ...isAsked ? { proxy: { server, username, password } } : {},
    ...certificates.length > 0 ? { ca_certificates: certificates } : {},
  };
}
