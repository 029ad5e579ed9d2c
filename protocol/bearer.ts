/** Secrets that a request carries (RFC 6750) and their comparison. */
import { createHash, timingSafeEqual } from "node:crypto";

/** The token of `Authorization: Bearer TOKEN`, or `null`. */
export function bearerToken(request: Request): string | null {
  const match = /^Bearer +(\S+) *$/i.exec(request.headers.get("authorization") ?? "");
  return match?.[1] ?? null;
}

/** Whether two secrets are the same, in a time that tells nothing about where they differ. */
export function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
