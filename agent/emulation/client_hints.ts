import type { Protocol } from "puppeteer-core";

/**
 * What client hints (https://wicg.github.io/ua-client-hints/) say for a user agent, so that both
 * tell of the same browser. A browser that is not Chrome sends none.
 */
export function clientHintsOf(
  userAgent: string,
): Protocol.Emulation.UserAgentMetadata | undefined {
  const [, full = "", major = ""] = /Chrome\/((\d+)[\d.]*)/.exec(userAgent) ?? [];
  if (major === "") return undefined;
  const [, edge] = /Edg\/(\d+)/.exec(userAgent) ?? [];
  const name = edge === undefined ? "Google Chrome" : "Microsoft Edge";
  const brands = (version: string, own: string) => [
    { brand: "Chromium", version },
    { brand: name, version: own },
    { brand: "Not_A Brand", version: version === major ? "99" : "99.0.0.0" },
  ];
  const [, androidVersion = "", model = ""] = /Android ([\d.]+)(?:; ([^;)]+))?/.exec(userAgent) ??
    [];
  return {
    brands: brands(major, edge ?? major),
    fullVersionList: brands(full, edge ?? full),
    platform: platformOf(userAgent),
    platformVersion: androidVersion,
    architecture: androidVersion === "" ? "x86" : "",
    bitness: androidVersion === "" ? "64" : "",
    model,
    mobile: /\bMobile\b/.test(userAgent),
  };
}

function platformOf(userAgent: string): string {
  if (/Android/.test(userAgent)) return "Android";
  if (/Windows/.test(userAgent)) return "Windows";
  if (/CrOS/.test(userAgent)) return "Chrome OS";
  return /Mac OS X/.test(userAgent) ? "macOS" : "Linux";
}
