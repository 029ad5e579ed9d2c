import { ViperError } from "../../../protocol/problems.ts";
import { isLoopback } from "../../config.ts";

/**
 * Refuses a host name that is not this machine's: an attacker's name whose DNS points here arrives
 * as Host, and a browser would take the page behind it for ours.
 *
 * @throws {ViperError} `forbidden_origin`
 */
export function refuseForeignHost(request: Request, listenHostname: string): void {
  const { hostname } = new URL(request.url);
  const bare = hostname.replace(/^\[|\]$/g, "");
  if (isLoopback(bare) || bare === listenHostname) return;
  throw new ViperError("forbidden_origin", `Cannot serve the host name "${hostname}"`);
}

/**
 * Refuses what a browser sends for a page that is not ours.
 *
 * @throws {ViperError} `forbidden_origin`
 */
export function refuseForeignPage(request: Request): void {
  const site = request.headers.get("sec-fetch-site");
  if (site === "cross-site" || site === "same-site") {
    throw new ViperError("forbidden_origin", "Cannot serve a request from a page of another site");
  }
  const origin = request.headers.get("origin");
  if (origin !== null && !isOwnOrigin(origin, request)) {
    throw new ViperError("forbidden_origin", `Cannot serve a page of "${origin}"`);
  }
}

function isOwnOrigin(origin: string, request: Request): boolean {
  return URL.canParse(origin) && new URL(origin).host === new URL(request.url).host;
}
