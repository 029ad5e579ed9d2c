/**
 * Signatures of requests between the daemon and one VM's agent: HMAC-SHA-256 (RFC 2104) with the
 * key that only these two have, over everything that the request means. The key itself never
 * travels after the VM's birth, so that who overhears a request can neither change nor repeat it.
 *
 * Made by `signer.ts`, checked by `verifier.ts`. Through `crypto.subtle`, which costs an agent's
 * start nothing.
 *
 * @module
 */

/** Milliseconds since 1970 by the signer's clock. */
export const TIME_HEADER = "x-viper-time";
/** 128 random bits in hex. */
export const NONCE_HEADER = "x-viper-nonce";
/** The signature in hex. */
export const SIGNATURE_HEADER = "x-viper-signature";
/** Of an answer that refuses a time as too old: the time that the verifier expects. */
export const EXPECTED_TIME_HEADER = "x-viper-expected-time";
/** The id of the VM that speaks to the daemon, and so whose key it is. */
export const VM_HEADER = "x-viper-vm";

/** Who is to take a request, so that none can be sent back to where it came from. */
export type Audience = "agent" | "daemon";

/** What a signature covers. */
export interface Signed {
  readonly audience: Audience;
  readonly method: string;
  readonly url: string;
  readonly time: string;
  readonly nonce: string;
  readonly body: Uint8Array;
}

/** The key that belongs to a VM's token. */
export function importKey(token: string): Promise<CryptoKey> {
  const bytes = new TextEncoder().encode(token);
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return crypto.subtle.importKey("raw", bytes, algorithm, false, ["sign", "verify"]);
}

/**
 * The bytes that are signed. The lines before the body can hold no line break of their own, so no
 * two requests have the same bytes.
 */
export function signedBytes(signed: Signed): Uint8Array<ArrayBuffer> {
  const { audience, method, url, time, nonce, body } = signed;
  const lines = ["viper-1", audience, method, targetOf(url), time, nonce, ""].join("\n");
  const head = new TextEncoder().encode(lines);
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}

/** Path and query as they are sent; the host is left out, since each side knows it differently. */
function targetOf(url: string): string {
  const { origin, hash, href } = new URL(url);
  return href.slice(origin.length, href.length - hash.length);
}
