import type { Clock } from "../host/host.ts";
import { readBody } from "./http_body.ts";
import { ViperError } from "./problems.ts";
import {
  type Audience,
  EXPECTED_TIME_HEADER,
  importKey,
  NONCE_HEADER,
  SIGNATURE_HEADER,
  signedBytes,
  TIME_HEADER,
} from "./signature.ts";

/** How much older than expected a request's time may be; requests overtake each other. */
export const WINDOW_MS = 60_000;
/** Nonces that are remembered; the oldest half goes when there are more. */
export const NONCES_MAX = 8_192;

/**
 * Takes each request once that was signed with one VM's key.
 *
 * The two clocks need not agree: a guest's stands still while the VM is paused, a host's may be
 * set back. So a request's time is held against the times of earlier requests and not against
 * this side's clock: expected is the latest time that was taken, moved on by the monotonic clock.
 * This side's own clock only says where to begin, so that what was heard by a verifier before a
 * restart is old to the one after it.
 *
 * Nothing at or before the floor is taken, and every nonce with a later time is remembered: hence
 * no request is taken twice, however few nonces are kept. What is honest but below the floor
 * learns the expected time from the answer and comes again (`signer.ts`).
 */
export class Verifier {
  readonly #key: Promise<CryptoKey>;
  /** Nonce → time; in the order of arrival, which is nearly that of the times. */
  readonly #seen = new Map<string, number>();
  #latest: number;
  #latestAtMs: number;
  #floor: number;

  constructor(
    token: string,
    private readonly audience: Audience,
    private readonly clock: Pick<Clock, "now" | "monotonicMs">,
  ) {
    this.#key = importKey(token);
    this.#latest = clock.now().getTime();
    this.#latestAtMs = clock.monotonicMs();
    this.#floor = this.#latest - 1;
  }

  /** How many nonces are remembered. */
  get nonces(): number {
    return this.#seen.size;
  }

  /**
   * Reads the body and returns the request with it.
   *
   * @throws {ViperError} `unauthorized`, `signature_stale` or `body_too_large`
   */
  async verify(request: Request, bodyBytesMax: number): Promise<Request> {
    const time = request.headers.get(TIME_HEADER) ?? "";
    const nonce = request.headers.get(NONCE_HEADER) ?? "";
    const signature = request.headers.get(SIGNATURE_HEADER) ?? "";
    const isFormed = /^[1-9]\d{0,14}$/.test(time) && /^[0-9a-f]{32}$/.test(nonce) &&
      /^[0-9a-f]{64}$/.test(signature);
    if (!isFormed) throw unauthorized(request);
    const body = await readBody(request, bodyBytesMax);
    const { method, url } = request;
    const bytes = signedBytes({ audience: this.audience, method, url, time, nonce, body });
    // The platform compares in constant time.
    const isSigned = await crypto.subtle
      .verify("HMAC", await this.#key, Uint8Array.fromHex(signature), bytes);
    if (!isSigned) throw unauthorized(request);
    this.#take(Number(time), nonce, request);
    const { headers, signal } = request;
    return new Request(url, { method, headers, signal, ...(body.length > 0 ? { body } : {}) });
  }

  /** In one go, without a wait in between, so that of two equal requests one is refused. */
  #take(time: number, nonce: string, request: Request): void {
    const nowMs = this.clock.monotonicMs();
    const expected = Math.floor(this.#latest + nowMs - this.#latestAtMs);
    this.#raiseFloor(expected - WINDOW_MS);
    if (time <= this.#floor) throw stale(request, Math.max(expected, this.#floor + 1));
    if (this.#seen.has(nonce)) throw unauthorized(request);
    this.#seen.set(nonce, time);
    if (time > expected) [this.#latest, this.#latestAtMs] = [time, nowMs];
    if (this.#seen.size > NONCES_MAX) this.#forgetHalf();
  }

  #raiseFloor(floor: number): void {
    this.#floor = Math.max(this.#floor, floor);
    for (const [nonce, time] of this.#seen) {
      if (time > this.#floor) break; // Those behind it go in a later call, or with the half.
      this.#seen.delete(nonce);
    }
  }

  #forgetHalf(): void {
    const times = [...this.#seen.values()].sort((one, other) => one - other);
    this.#floor = times[times.length >> 1] as number;
    for (const [nonce, time] of this.#seen) if (time <= this.#floor) this.#seen.delete(nonce);
  }
}

function unauthorized({ method, url }: Request): ViperError {
  const { pathname } = new URL(url);
  return new ViperError(
    "unauthorized",
    `Cannot ${method} "${pathname}": the request is not signed with this VM's key`,
  );
}

function stale({ method, url }: Request, expected: number): ViperError {
  const { pathname } = new URL(url);
  return new ViperError(
    "signature_stale",
    `Cannot ${method} "${pathname}": the signature's time is too old`,
    { headers: { [EXPECTED_TIME_HEADER]: String(expected) } },
  );
}
