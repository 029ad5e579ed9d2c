/** Two sides that share a key, each with a clock of its own, for tests of signatures. */
import { type Audience, SIGNATURE_HEADER } from "../../../protocol/signature.ts";
import { type SignableInit, Signer } from "../../../protocol/signer.ts";
import { Verifier } from "../../../protocol/verifier.ts";
import { FakeClock } from "../../fake_clock.ts";

export const TOKEN = "0123456789abcdef".repeat(4);
export const START_MS = Date.UTC(2024, 0, 1);
const BODY_BYTES_MAX = 1_000_000;

/** A clock whose wall time can be set without its monotonic time. */
export class SettableClock extends FakeClock {
  aheadMs = 0;
  override readonly now = () => new Date(START_MS + this.monotonicMs() + this.aheadMs);
}

/** What went over the wire, and what came of it. */
export interface Exchange {
  readonly statuses: number[];
  readonly requests: Request[];
}

/** One signer, and a verifier that can be replaced. */
export class TwoSides {
  readonly signing = new SettableClock();
  readonly verifying = new SettableClock();
  readonly signer: Signer;
  verifier: Verifier;

  constructor(audience: Audience = "agent", token = TOKEN) {
    const random = { bytes: (n: number) => crypto.getRandomValues(new Uint8Array(n)) };
    const host = { clock: this.signing, random: { ...random, uuid: () => "" } };
    this.signer = new Signer(token, audience, host);
    this.verifier = this.fresh();
  }

  fresh(): Verifier {
    return new Verifier(TOKEN, "agent", this.verifying);
  }

  async advance(ms: number): Promise<void> {
    await this.signing.advance(ms);
    await this.verifying.advance(ms);
  }

  /** Sends a request and tells every attempt. */
  async exchange(url = "http://vm/a?b=c", init: SignableInit = {}): Promise<Exchange> {
    const told: Exchange = { statuses: [], requests: [] };
    await this.signer.send(
      async (url, init) => {
        const request = new Request(url, init);
        told.requests.push(request.clone());
        const answer = await this.answer(request);
        told.statuses.push(answer.status);
        return answer;
      },
      url,
      init,
    );
    return told;
  }

  /** What the verifier says of a request, over HTTP; 200 when it takes it. */
  async answer(request: Request): Promise<Response> {
    try {
      return new Response((await this.verifier.verify(request, BODY_BYTES_MAX)).body);
    } catch (error) {
      const { status, headers } = error as { status: number; headers: Record<string, string> };
      return new Response(null, { status, headers });
    }
  }

  /** A signed request that nobody has seen yet. */
  async signed(url: string, init: SignableInit = {}): Promise<Request> {
    let signed = new Request(url);
    await this.signer.send(
      (url, init) => {
        signed = new Request(url, init);
        return Promise.resolve(new Response());
      },
      url,
      init,
    );
    if (!signed.headers.has(SIGNATURE_HEADER)) throw new Error("The request is not signed");
    return signed;
  }
}
