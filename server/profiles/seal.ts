/**
 * Bytes encrypted at rest: AES-256-GCM (NIST SP 800-38D) through WebCrypto. What is sealed begins
 * with the format's number and the nonce. Whose bytes these are, and which version of them, is
 * authenticated along, so that neither another profile's nor an older version can take their place.
 *
 * ```
 * | format: 1 byte | nonce: 12 bytes | ciphertext, tag: 16 bytes at its end |
 * ```
 *
 * @module
 */

/** The only one there is; a next one has its own number. */
export const FORMAT = 1;
/** As NIST SP 800-38D, 8.2.2 wants of random ones. */
export const NONCE_BYTES = 12;
const HEAD_BYTES = 1 + NONCE_BYTES;

/** What sealed bytes belong to. */
export interface SealOwner {
  readonly id: string;
  readonly version: number;
}

/** The plain bytes, encrypted with a nonce that was never used before. */
export async function seal(
  plain: Uint8Array<ArrayBuffer>,
  key: CryptoKey,
  nonce: Uint8Array<ArrayBuffer>,
  owner: SealOwner,
): Promise<Uint8Array<ArrayBuffer>> {
  const algorithm = { name: "AES-GCM", iv: nonce, additionalData: ownerBytes(owner) };
  const sealed = new Uint8Array(await crypto.subtle.encrypt(algorithm, key, plain));
  const bytes = new Uint8Array(HEAD_BYTES + sealed.length);
  bytes[0] = FORMAT;
  bytes.set(nonce, 1);
  bytes.set(sealed, HEAD_BYTES);
  return bytes;
}

/** What was sealed. @throws {Error} when it is of another format, key or owner, or was changed */
export async function unseal(
  sealed: Uint8Array<ArrayBuffer>,
  key: CryptoKey,
  owner: SealOwner,
): Promise<Uint8Array<ArrayBuffer>> {
  if (sealed[0] !== FORMAT) {
    throw new Error(`Cannot read format ${sealed[0] ?? "none"}: this version knows ${FORMAT}`);
  }
  const iv = sealed.subarray(1, HEAD_BYTES);
  const algorithm = { name: "AES-GCM", iv, additionalData: ownerBytes(owner) };
  return new Uint8Array(
    await crypto.subtle.decrypt(algorithm, key, sealed.subarray(HEAD_BYTES)),
  );
}

function ownerBytes({ id, version }: SealOwner): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`viper profile ${FORMAT}\n${id}\n${version}`);
}
