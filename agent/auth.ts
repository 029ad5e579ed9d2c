/**
 * Whether an `Authorization` header carries the token (RFC 6750). Takes the same time wherever
 * the two differ, so that a caller cannot find the token byte by byte.
 */
export function carriesToken(header: string | undefined, token: string): boolean {
  const encoder = new TextEncoder();
  const given = encoder.encode(header ?? "");
  const wanted = encoder.encode(`Bearer ${token}`);
  let difference = given.length ^ wanted.length;
  wanted.forEach((byte, index) => difference |= byte ^ (given[index] ?? 0));
  return difference === 0;
}
