/**
 * Who may speak to the API: a request becomes a {@linkcode Principal}, or is refused.
 *
 *     Unix socket ─ page is foreign? ─────────────────────────────────────────→ admin
 *     TCP ─ address allowed? ─ WebSocket of a foreign page? ─ credential?
 *             ├ yes ─ right? ──────────────────────────────────────────────────→ its role
 *             └ no ── loopback, own host, own page ─┬ insecure loopback ───────→ admin
 *                                                   └ GET /healthz ────────────→ viewer
 *
 * A key is no authority that a browser adds by itself, so a request with one may come out of any
 * page; only a WebSocket may not, since nothing else would keep a page from opening it.
 *
 * @module
 */
import type { Log } from "../../../host/host.ts";
import { sameSecret } from "../../../protocol/bearer.ts";
import { ViperError } from "../../../protocol/problems.ts";
import { systemHealth } from "../../../protocol/system.ts";
import { isLoopback } from "../../config.ts";
import { type ApiKeys, keyIdOf } from "../../keys/keys.ts";
import type { Principal } from "../../keys/principal.ts";
import type { Tickets } from "../../keys/tickets.ts";
import { type Credential, credentialOf, isUpgrade } from "./credentials.ts";
import type { Failures } from "./failures.ts";
import { refuseForeignHost, refuseForeignPage } from "./origin.ts";
import { clientAddress, failureBucket, originOf, type PeerRules } from "./peers.ts";

/** Settings of {@linkcode Admission}. */
export interface AdmissionRules {
  /** The one key of `VIPER_API_KEY`, an admin's; `null` when there is none. */
  readonly environmentKey: string | null;
  /** Whether everybody on this machine is an admin without a key. */
  readonly insecureLoopback: boolean;
  /** The address that the daemon listens on; clients may name it as Host. */
  readonly listenHostname: string;
  readonly peers: PeerRules;
}

/** What admission asks. */
export interface AdmissionParts {
  readonly keys: Pick<ApiKeys, "verify">;
  readonly tickets: Pick<Tickets, "take">;
  readonly failures: Failures;
  readonly log: Log;
}

/** Who was let in, and from where. */
export interface Admitted {
  readonly principal: Principal;
  /** Address of the client; `null` on the Unix socket. */
  readonly client: string | null;
}

/** The Unix socket is its owner's alone: whoever can open it is the daemon's user, or root. */
const SOCKET_USER: Principal = {
  ...{ role: "admin", name: "(socket)", keyId: null, via: "socket" },
};
const ANYBODY_HERE: Principal = {
  ...{ role: "admin", name: "(loopback)", keyId: null, via: "insecure_loopback" },
};
const PROBE: Principal = { ...ANYBODY_HERE, role: "viewer", name: "(health)" };
const ENVIRONMENT_KEY: Principal = {
  ...{ role: "admin", name: "(VIPER_API_KEY)", keyId: null, via: "environment_key" },
};

/** The door of the API. */
export class Admission {
  constructor(private readonly parts: AdmissionParts, private readonly rules: AdmissionRules) {}

  /**
   * @param peer the address at the other end of the connection; `null`: the Unix socket
   * @throws {ViperError} `unauthorized`, `too_many_failures`, `forbidden_peer` or
   * `forbidden_origin`
   */
  admit(request: Request, peer: string | null): Admitted {
    if (peer === null) {
      refuseForeignPage(request);
      return { principal: SOCKET_USER, client: null };
    }
    const { allowed, trustedProxies } = this.rules.peers;
    const client = clientAddress(peer, request.headers.get("x-forwarded-for"), trustedProxies);
    if (allowed !== null && (client === null || !allowed.has(client))) {
      throw new ViperError("forbidden_peer", `Cannot serve the address "${client ?? "unknown"}"`);
    }
    if (isUpgrade(request)) refuseForeignPage(request);
    const credential = credentialOf(request);
    const principal = credential === null
      ? this.#withoutKey(request, client)
      : this.#withCredential(credential, client);
    return { principal, client };
  }

  /** How the client names this server. */
  originOf(request: Request, from: { peer: string | null; isTls: boolean }): string {
    return originOf(request, from, this.rules.peers.trustedProxies);
  }

  #withCredential(credential: Credential, client: string | null): Principal {
    const { failures, log } = this.parts;
    const keyId = credential.kind === "key" ? keyIdOf(credential.text) : null;
    const counted = [`peer ${failureBucket(client)}`, ...(keyId === null ? [] : [`key ${keyId}`])];
    const blocked = failures.blockedSeconds(counted);
    const principal = this.#verify(credential, blocked !== null);
    if (principal !== null) return principal;
    if (blocked !== null) {
      throw new ViperError(
        "too_many_failures",
        `Cannot hear the request: too many before it had no valid api key`,
        { retryAfterSeconds: blocked },
      );
    }
    failures.count(counted);
    log("warn", "a request had no valid api key", { peer: client, kind: credential.kind });
    throw new ViperError(
      "unauthorized",
      `Cannot accept the request: invalid api ${credential.kind}`,
      {
        hint: "Check the key; it may have been deleted or have expired",
      },
    );
  }

  /**
   * Stored keys and tickets are 256 random bits: to let the right one in while wrong ones are
   * refused gives nothing away, and spares its owner. A key that a person chose might be guessed.
   */
  #verify({ kind, text }: Credential, isBlocked: boolean): Principal | null {
    if (kind === "ticket") return this.parts.tickets.take(text);
    const { environmentKey } = this.rules;
    const isEnvironmentKey = environmentKey !== null && sameSecret(text, environmentKey);
    if (isEnvironmentKey && !isBlocked) return ENVIRONMENT_KEY;
    return this.parts.keys.verify(text);
  }

  #withoutKey(request: Request, client: string | null): Principal {
    const isProbe = new URL(request.url).pathname === systemHealth.http.path &&
      (request.method === "GET" || request.method === "HEAD");
    const isHere = client !== null && isLoopback(client);
    if (isHere && (this.rules.insecureLoopback || isProbe)) {
      refuseForeignHost(request, this.rules.listenHostname);
      refuseForeignPage(request);
      return this.rules.insecureLoopback ? ANYBODY_HERE : PROBE;
    }
    throw new ViperError("unauthorized", "Cannot accept the request: it carries no api key", {
      hint: "Send a key as the header authorization: Bearer KEY; an admin makes one with: " +
        "viper keys create",
    });
  }
}
