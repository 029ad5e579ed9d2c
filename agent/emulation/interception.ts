/** Requests of one target that are not left to the network, and questions for a password. */
import type { CDPSession, Protocol } from "puppeteer-core";
import type { EmulationSettings } from "../../protocol/emulation.ts";
import type { MockRule } from "../../protocol/mocks.ts";
import { matcherOf } from "./mocks.ts";

/** Questions for a password that are remembered, to tell a first one from a repeated one. */
export const QUESTIONS_MAX = 1_000;

/** What the requests of a target meet. */
export interface Interceptor {
  readonly patterns: readonly string[];
  /** Of documents that are not asked for; DevTools' own list spares them. */
  readonly blocked: readonly string[];
  readonly auth: EmulationSettings["http_auth"];
  /** The mock that answers the request, if one does. */
  use(url: string, method: string): MockRule | undefined;
}

/** Holds requests only as long as there is a mock or a password. */
export class Interception {
  readonly #session: CDPSession;
  #interceptor: Interceptor | null = null;
  #blocks: (url: string) => boolean = () => false;
  /** Asked again, the password is wrong. */
  readonly #questions = new Set<string>();

  constructor(session: CDPSession) {
    this.#session = session;
    session.on("Fetch.requestPaused", (event) => ignoreGone(this.#goOn(event)));
    session.on("Fetch.authRequired", (event) => ignoreGone(this.#authenticate(event)));
  }

  async set(interceptor: Interceptor): Promise<void> {
    const { patterns, blocked, auth } = interceptor;
    const isNeeded = patterns.length > 0 || blocked.length > 0 || auth !== undefined;
    const matchers = blocked.map(matcherOf);
    this.#blocks = (url) => matchers.some((matches) => matches(url));
    const wasNeeded = this.#interceptor !== null;
    this.#interceptor = isNeeded ? interceptor : null;
    this.#questions.clear();
    if (isNeeded) {
      // To be asked for a password, every request has to be held.
      const held: Protocol.Fetch.RequestPattern[] = auth !== undefined ? [{ urlPattern: "*" }] : [
        ...patterns.map((urlPattern) => ({ urlPattern })),
        ...blocked.map((urlPattern) => ({ urlPattern, resourceType: "Document" as const })),
      ];
      await this.#session.send("Fetch.enable", {
        patterns: held,
        handleAuthRequests: auth !== undefined,
      });
    } else if (wasNeeded) {
      await this.#session.send("Fetch.disable");
    }
  }

  async #goOn(
    { requestId, request, resourceType }: Protocol.Fetch.RequestPausedEvent,
  ): Promise<void> {
    if (resourceType === "Document" && this.#blocks(request.url)) {
      const errorReason = "BlockedByClient";
      await this.#session.send("Fetch.failRequest", { requestId, errorReason });
      return;
    }
    const rule = this.#interceptor?.use(request.url, request.method);
    if (rule === undefined) {
      await this.#session.send("Fetch.continueRequest", { requestId });
    } else if (rule.then === "abort") {
      await this.#session.send("Fetch.failRequest", { requestId, errorReason: "Failed" });
    } else if (rule.then === "continue") {
      await this.#session.send("Fetch.continueRequest", {
        requestId,
        headers: headerEntries(withHeaders(request.headers, rule.headers)),
      });
    } else {
      const { status = 200, headers, body = "", encoding } = rule;
      await this.#session.send("Fetch.fulfillRequest", {
        requestId,
        responseCode: status,
        responseHeaders: headerEntries(headers),
        body: encoding === "base64" ? body : toBase64(body),
      });
    }
  }

  async #authenticate(
    { requestId, authChallenge }: Protocol.Fetch.AuthRequiredEvent,
  ): Promise<void> {
    const auth = this.#questions.has(requestId) ? undefined : this.#interceptor?.auth;
    if (this.#questions.size >= QUESTIONS_MAX) this.#questions.clear();
    this.#questions.add(requestId);
    // Who asks may be a proxy on the way to that origin.
    const isTold = auth !== undefined &&
      (auth.origin === undefined || new URL(auth.origin).origin === authChallenge.origin);
    await this.#session.send("Fetch.continueWithAuth", {
      requestId,
      authChallengeResponse: isTold
        ? {
          response: "ProvideCredentials",
          username: auth.username,
          password: auth.password,
        }
        : { response: "Default" }, // A DevTools client may know more.
    });
  }
}

/** A request may be gone before it is answered, as may its page. */
function ignoreGone(work: Promise<void>): void {
  work.catch(() => {});
}

/** Header names are the same in capitals. */
function withHeaders(
  before: Readonly<Record<string, string>>,
  put: Readonly<Record<string, string>>,
): Record<string, string> {
  const names = new Set(Object.keys(put).map((name) => name.toLowerCase()));
  const kept = Object.entries(before).filter(([name]) => !names.has(name.toLowerCase()));
  return { ...Object.fromEntries(kept), ...put };
}

function headerEntries(headers: Readonly<Record<string, string>>) {
  return Object.entries(headers).map(([name, value]) => ({ name, value }));
}

function toBase64(text: string): string {
  const bytes = new TextEncoder().encode(text);
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
