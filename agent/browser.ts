/** Chrome, kept running: started, connected to, watched and started again. */
import type { Browser } from "puppeteer-core";
import type { Host } from "../host/host.ts";
import { ViperError } from "../protocol/problems.ts";
import type { Chrome } from "./chrome.ts";
import { Deadline } from "./deadline.ts";
import { Pages } from "./pages.ts";

/** More exits of Chrome than this within the window end the agent, for init to decide. */
export const EXITS_MAX = 10;
export const EXITS_WINDOW_MS = 60_000;
const RESTART_PAUSE_MIN_MS = 50;
const RESTART_PAUSE_MAX_MS = 5_000;
/** How long Chrome may take to end by itself, so that it can write its profile. */
const CLOSE_TIMEOUT_MS = 2_000;
/** How long a Chrome that listens may take until its first page answers. */
const CONNECT_TIMEOUT_MS = 60_000;

/** One connected Chrome. */
export interface BrowserSession {
  readonly pages: Pages;
  readonly browserVersion: string;
  readonly userAgent: string;
  readonly devtoolsUrl: string;
  /** Aborted when this Chrome is gone or the agent ends. */
  readonly life: AbortSignal;
}

/** Called each time a Chrome is ready; a rejection ends the agent. */
export type OnReady = (session: BrowserSession) => Promise<void>;

/** Runs one Chrome after another until told to stop. */
export class SupervisedBrowser {
  readonly #host: Host;
  readonly #launch: () => Promise<Chrome>;
  readonly #exitTimesMs: number[] = [];
  #session: BrowserSession | null = null;
  #restarts = 0;

  constructor(host: Host, launch: () => Promise<Chrome>) {
    this.#host = host;
    this.#launch = launch;
  }

  /** How often Chrome had to be started again. */
  get restarts(): number {
    return this.#restarts;
  }

  /** The Chrome that runs now; `null` while one starts. */
  get session(): BrowserSession | null {
    return this.#session;
  }

  /**
   * Takes over a Chrome that was started, and replaces it whenever it exits.
   *
   * @throws when Chrome exits too often, cannot be started, or `onReady` rejects
   */
  async run(first: Chrome, onReady: OnReady, signal: AbortSignal): Promise<void> {
    let chrome = first;
    while (true) {
      const reason = await this.#serve(chrome, onReady, signal);
      if (signal.aborted) return;
      this.#host.log("warn", "Chrome is gone and is started again", { reason: String(reason) });
      try {
        await this.#host.clock.sleep(this.#restartPauseMs(reason), signal);
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
      this.#restarts++;
      chrome = await this.#launch();
    }
  }

  /** Serves one Chrome to its end, and returns why it ended. */
  async #serve(chrome: Chrome, onReady: OnReady, signal: AbortSignal): Promise<unknown> {
    await using owned = chrome;
    const gone = new AbortController();
    const life = AbortSignal.any([signal, gone.signal]);
    const end = (how: string) =>
      gone.abort(new ViperError("browser_unavailable", `Cannot go on: ${how}`));
    owned.exited.then(({ code, signal }) => end(`Chrome ended with ${signal ?? `code ${code}`}`));
    try {
      await using connected = await this.#connect(owned, end, life);
      this.#session = connected.session;
      await onReady(connected.session);
      await aborted(life);
    } catch (error) {
      if (!life.aborted && !isUnavailable(error)) throw error;
      gone.abort(error);
    } finally {
      this.#session = null;
    }
    return life.reason;
  }

  async #connect(chrome: Chrome, end: (how: string) => void, life: AbortSignal) {
    // The import comes first: puppeteer's code loads while Chrome boots.
    const [{ connectDevtools }, devtoolsUrl] = await Promise.all([
      import("./devtools.ts"),
      chrome.devtoolsUrl(life),
    ]);
    using deadline = new Deadline(this.#host.clock, "use Chrome", CONNECT_TIMEOUT_MS, [life]);
    const browser = await deadline.race(
      "its DevTools",
      connectDevtools(devtoolsUrl, this.#host, deadline.signal),
    );
    await using undo = new AsyncDisposableStack();
    undo.defer(() => this.#close(browser, chrome));
    browser.on("disconnected", () => end("Chrome closed its DevTools connection"));
    const pages = await deadline.race("a page", Pages.open(browser, this.#host.log));
    const [browserVersion, userAgent] = await deadline.race(
      "its version",
      Promise.all([browser.version(), browser.userAgent()]),
    );
    const kept = undo.move();
    const session: BrowserSession = { pages, browserVersion, userAgent, devtoolsUrl, life };
    return { session, [Symbol.asyncDispose]: () => kept.disposeAsync() };
  }

  /** Asks Chrome to end; what does not heed it is killed afterwards by its owner. */
  async #close(browser: Browser, chrome: Chrome): Promise<void> {
    using deadline = new Deadline(this.#host.clock, "close Chrome", CLOSE_TIMEOUT_MS);
    try {
      await deadline.race("its answer", browser.close());
      await deadline.race("its process to end", chrome.exited);
    } catch (error) {
      this.#host.log("debug", "Chrome did not close by itself", { reason: String(error) });
    }
  }

  /** Doubles with each exit in the window. @throws when there were too many */
  #restartPauseMs(reason: unknown): number {
    const nowMs = this.#host.clock.monotonicMs();
    this.#exitTimesMs.push(nowMs);
    const recent = this.#exitTimesMs.filter((at) => at > nowMs - EXITS_WINDOW_MS).length;
    if (this.#exitTimesMs.length > EXITS_MAX) this.#exitTimesMs.shift();
    if (recent > EXITS_MAX) {
      throw new ViperError(
        "browser_unavailable",
        `Cannot keep Chrome running: it ended ${recent} times in ${EXITS_WINDOW_MS} ms`,
        { cause: reason },
      );
    }
    return Math.min(RESTART_PAUSE_MIN_MS * 2 ** (recent - 1), RESTART_PAUSE_MAX_MS);
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof ViperError && ["browser_unavailable", "timeout"].includes(error.code);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true })
  );
}
