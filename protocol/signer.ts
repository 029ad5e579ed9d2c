import type { Host } from "../host/host.ts";
import type { FetchLike } from "./http_client.ts";
import {
  type Audience,
  EXPECTED_TIME_HEADER,
  importKey,
  NONCE_HEADER,
  SIGNATURE_HEADER,
  signedBytes,
  TIME_HEADER,
} from "./signature.ts";

const NONCE_BYTES = 16;

/** A request's options with a body that can be signed, and sent twice. */
export type SignableInit = Omit<RequestInit, "body"> & { readonly body?: string | Uint8Array };

/**
 * Signs requests to one audience with one VM's key.
 *
 * The other side refuses a time that it takes for old and says which it expects. The signer then
 * goes by that time, where its own clock is behind: so a clock that was set back heals by itself,
 * at the price of one request sent twice.
 */
export class Signer {
  readonly #key: Promise<CryptoKey>;
  /** How far the other side's time is ahead of the monotonic clock, as it was last told. */
  #toldAheadMs = -Infinity;

  constructor(
    token: string,
    private readonly audience: Audience,
    private readonly host: Pick<Host, "clock" | "random">,
  ) {
    this.#key = importKey(token);
  }

  /** Sends the request, and once more when its time was refused as too old. */
  async send(fetch: FetchLike, url: string, init: SignableInit): Promise<Response> {
    const response = await this.#attempt(fetch, url, init);
    const expected = expectedTimeOf(response);
    if (expected === null) return response;
    await response.body?.cancel();
    this.#toldAheadMs = expected - this.host.clock.monotonicMs();
    return await this.#attempt(fetch, url, init);
  }

  async #attempt(fetch: FetchLike, url: string, init: SignableInit): Promise<Response> {
    const { body = "", method = "GET" } = init;
    const headers = new Headers(init.headers);
    for (const [name, value] of await this.#sign(method, url, body)) headers.set(name, value);
    return await fetch(url, { ...init, headers } as RequestInit);
  }

  async #sign(method: string, url: string, body: string | Uint8Array): Promise<[string, string][]> {
    const { clock, random } = this.host;
    const told = Math.ceil(this.#toldAheadMs + clock.monotonicMs());
    const time = String(Math.max(clock.now().getTime(), told));
    const nonce = random.bytes(NONCE_BYTES).toHex();
    const bytes = signedBytes({
      ...{ audience: this.audience, method, url, time, nonce },
      body: typeof body === "string" ? new TextEncoder().encode(body) : body,
    });
    const signature = new Uint8Array(await crypto.subtle.sign("HMAC", await this.#key, bytes));
    return [[TIME_HEADER, time], [NONCE_HEADER, nonce], [SIGNATURE_HEADER, signature.toHex()]];
  }
}

function expectedTimeOf({ status, headers }: Response): number | null {
  const text = headers.get(EXPECTED_TIME_HEADER) ?? "";
  return status === 401 && /^\d{1,15}$/.test(text) ? Number(text) : null;
}
