/** Requests of one page that are answered here, and questions for a password. */
import type { CDPSession, Protocol } from "puppeteer-core";
import type { AnswerRule, EmulationSettings } from "../../protocol/emulation.ts";

/** How a request that is held goes on. */
type Paused = Protocol.Fetch.RequestPausedEvent;

/** Holds requests only as long as there is a rule or a password. */
export class Interception {
  readonly #session: CDPSession;
  #settings: EmulationSettings = {};
  /** Questions that were answered once: the same one again means that the password is wrong. */
  readonly #asked = new Set<string>();

  constructor(session: CDPSession) {
    this.#session = session;
    session.on("Fetch.requestPaused", (event) => this.#ignoreGone(this.#goOn(event)));
    session.on("Fetch.authRequired", (event) => this.#ignoreGone(this.#authenticate(event)));
  }

  async set(settings: EmulationSettings): Promise<void> {
    this.#settings = settings;
    this.#asked.clear();
    const { answers = [], http_auth } = settings;
    if (answers.length === 0 && http_auth === undefined) {
      await this.#session.send("Fetch.disable");
      return;
    }
    // To be asked for a password, every request has to be held.
    const patterns = http_auth === undefined
      ? answers.map(({ url }) => ({ urlPattern: url }))
      : [{ urlPattern: "*" }];
    await this.#session.send("Fetch.enable", {
      patterns,
      handleAuthRequests: http_auth !== undefined,
    });
  }

  async #goOn({ requestId, request }: Paused): Promise<void> {
    const rule = this.#settings.answers?.find((rule) => fits(rule, request));
    if (rule === undefined) {
      await this.#session.send("Fetch.continueRequest", { requestId });
    } else if (rule.abort) {
      await this.#session.send("Fetch.failRequest", { requestId, errorReason: "Failed" });
    } else {
      await this.#session.send("Fetch.fulfillRequest", {
        requestId,
        responseCode: rule.status,
        responseHeaders: Object.entries(rule.headers).map(([name, value]) => ({ name, value })),
        body: rule.base64 ? rule.body : toBase64(rule.body),
      });
    }
  }

  async #authenticate({ requestId }: Protocol.Fetch.AuthRequiredEvent): Promise<void> {
    const auth = this.#asked.has(requestId) ? undefined : this.#settings.http_auth;
    this.#asked.add(requestId);
    await this.#session.send("Fetch.continueWithAuth", {
      requestId,
      authChallengeResponse: auth === undefined
        ? { response: "CancelAuth" }
        : { response: "ProvideCredentials", ...auth },
    });
  }

  /** A request may be gone before it is answered, as may its page. */
  #ignoreGone(work: Promise<void>): void {
    work.catch(() => {});
  }
}

function fits({ url, method }: AnswerRule, request: Protocol.Network.Request): boolean {
  return (method === undefined || method === request.method) &&
    patternOf(url).test(request.url);
}

/** As DevTools read patterns: `*` any characters, `?` one, and a backslash before either itself. */
function patternOf(pattern: string): RegExp {
  const source = pattern.replaceAll(/\\?[\s\S]/g, (part) => {
    if (part === "*") return "[\\s\\S]*";
    if (part === "?") return "[\\s\\S]";
    return part.slice(-1).replace(/[.*+?^${}()|[\]\\]/, "\\$&");
  });
  return new RegExp(`^${source}$`);
}

function toBase64(text: string): string {
  const bytes = new TextEncoder().encode(text);
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
