/**
 * Who may speak to the API: requests that carry the key, where there is one, and that do not
 * come out of a foreign web page.
 *
 * @module
 */
import { isLoopback } from "../config.ts";
import { bearerToken, sameSecret } from "../../protocol/bearer.ts";
import { ViperError } from "../../protocol/problems.ts";

/** Settings of {@linkcode admit}. */
export interface AdmissionRules {
  readonly apiKey: string | null;
  /** The address that the daemon listens on; clients may name it as Host. */
  readonly listenHostname: string;
}

/**
 * Refuses requests that a browser makes for somebody else: a name that an attacker's DNS points
 * at this machine arrives as Host, a foreign page as Origin. With a key these are no danger.
 *
 * @throws {ViperError} `unauthorized` or `forbidden_origin`
 */
export function admit(request: Request, rules: AdmissionRules): void {
  if (rules.apiKey !== null) return requireKey(request, rules.apiKey);
  const { hostname } = new URL(request.url);
  if (!isOwn(hostname, rules)) {
    throw new ViperError("forbidden_origin", `Cannot serve the host name "${hostname}"`);
  }
  const site = request.headers.get("sec-fetch-site");
  if (site === "cross-site" || site === "same-site") {
    throw new ViperError("forbidden_origin", `Cannot serve a request from a page of another site`);
  }
  const origin = request.headers.get("origin");
  if (origin !== null && !isOwnOrigin(origin, request)) {
    throw new ViperError("forbidden_origin", `Cannot serve a page of "${origin}"`);
  }
}

function requireKey(request: Request, key: string): void {
  const given = bearerToken(request) ?? request.headers.get("x-viper-api-key") ?? "";
  if (sameSecret(given, key)) return;
  throw new ViperError("unauthorized", "Cannot accept the request: invalid api key", {
    hint: "Send the key as the header authorization: Bearer KEY",
  });
}

function isOwn(hostname: string, { listenHostname }: AdmissionRules): boolean {
  const bare = hostname.replace(/^\[|\]$/g, "");
  return isLoopback(bare) || bare === listenHostname;
}

function isOwnOrigin(origin: string, request: Request): boolean {
  return URL.canParse(origin) && new URL(origin).host === new URL(request.url).host;
}
