import { createHash } from "node:crypto";
import type { Host } from "../../host/host.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { ApiKeys } from "./keys.ts";
import type { Principal } from "./principal.ts";

/** From making a ticket to its end, in milliseconds. */
const TICKET_TTL_MS = 30_000;
/** Tickets that wait to be used at once. */
const TICKETS_MAX = 1_024;
const TICKET_BYTES = 32;

interface Ticket {
  readonly principal: Principal;
  readonly endsMs: number;
}

/** Tickets that admit one request each, where a client cannot send headers. Kept in memory. */
export class Tickets {
  /** By the hash of the ticket, oldest first. */
  readonly #waiting = new Map<string, Ticket>();

  constructor(
    private readonly keys: Pick<ApiKeys, "isValid">,
    private readonly host: Pick<Host, "clock" | "random">,
  ) {}

  /** @throws {ViperError} `ticket_limit_reached` */
  create(principal: Principal): { ticket: string; expires_at: string } {
    this.#dropEnded();
    if (this.#waiting.size >= TICKETS_MAX) {
      throw new ViperError(
        "ticket_limit_reached",
        `Cannot create a ticket: ${TICKETS_MAX} wait to be used`,
        { retryAfterSeconds: TICKET_TTL_MS / 1_000 },
      );
    }
    const { clock, random } = this.host;
    const ticket = `vpt_${
      random.bytes(TICKET_BYTES).toBase64({ alphabet: "base64url", omitPadding: true })
    }`;
    this.#waiting.set(hashOf(ticket), {
      principal: { ...principal, via: "ticket" },
      endsMs: clock.monotonicMs() + TICKET_TTL_MS,
    });
    const expiresAt = new Date(clock.now().getTime() + TICKET_TTL_MS);
    return { ticket, expires_at: expiresAt.toISOString() };
  }

  /** Whose ticket this is, once; `null` when it is none, is used, has ended, or its key has. */
  take(ticket: string): Principal | null {
    this.#dropEnded();
    const hash = hashOf(ticket);
    const found = this.#waiting.get(hash);
    if (found === undefined) return null;
    this.#waiting.delete(hash);
    const { principal } = found;
    return principal.keyId === null || this.keys.isValid(principal.keyId) ? principal : null;
  }

  #dropEnded(): void {
    const nowMs = this.host.clock.monotonicMs();
    for (const [hash, { endsMs }] of this.#waiting) {
      if (endsMs > nowMs) break;
      this.#waiting.delete(hash);
    }
  }
}

/** Looked up by hash, so that the time of the look-up tells nothing of the tickets that there are. */
function hashOf(ticket: string): string {
  return createHash("sha256").update(ticket).digest("hex");
}
