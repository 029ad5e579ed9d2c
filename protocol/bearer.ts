/** Secrets that a request carries (RFC 6750) and their comparison. */

/** The token of `Authorization: Bearer TOKEN`, or `null`. */
export function bearerToken(request: Request): string | null {
  const match = /^Bearer +(\S+) *$/i.exec(request.headers.get("authorization") ?? "");
  return match?.[1] ?? null;
}

/**
 * Whether two secrets are the same, in a time that depends on the given one's length alone, so
 * that nobody finds a secret byte by byte. Without node:crypto, which an agent loads for nothing.
 */
export function sameSecret(given: string, expected: string): boolean {
  const encoder = new TextEncoder();
  const [left, right] = [encoder.encode(given), encoder.encode(expected)];
  let difference = left.length ^ right.length;
  for (let at = 0; at < left.length; at++) {
    difference |= (left[at] ?? 0) ^ (right[at % right.length] ?? 0);
  }
  return difference === 0 && left.length > 0;
}
