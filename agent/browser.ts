/** Chrome, kept running: started, connected to, watched and started again. */
import type { Browser } from "puppeteer-core";
import type { Host } from "../host/host.ts";
import { BROWSER_ENDED_LENGTH_MAX } from "../protocol/guest.ts";
import { ViperError } from "../protocol/problems.ts";
import type { Viewport } from "../protocol/vm_settings.ts";
import type { Chrome } from "./chrome.ts";
import { Deadline } from "./deadline.ts";
import type { Downloads } from "./downloads/downloads.ts";
import { watchDownloads } from "./downloads/watch.ts";
import type { OnPageCrash } from "./page_crashes.ts";
import { Pages } from "./pages.ts";
import type { DialogRules } from "./dialogs.ts";
import { Emulations, LastingEmulation } from "./emulation/emulations.ts";
import { ProfileState } from "./know/profile_state.ts";
import { PageDialogs } from "./page_dialogs.ts";
import { PageRecords } from "./records/page_records.ts";

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
export interface BrowserSession extends ChromeAnswer {
  readonly pages: Pages;
  /** Aborted when this Chrome is gone or the agent ends. */
  readonly life: AbortSignal;
  /** Has downloads come to the agent again, after a client that had them elsewhere. */
  claimDownloads(): void;
}

/** What Chrome says of itself as soon as its DevTools answer. */
export interface ChromeAnswer {
  readonly devtoolsUrl: string;
  readonly browserVersion: string;
  readonly userAgent: string;
}

/** Called each time a Chrome answers; a rejection ends the agent. */
export type OnReady = (answer: ChromeAnswer, life: AbortSignal) => Promise<void>;

/** What all Chromes have in common. */
export interface BrowserParts {
  readonly downloads: Downloads;
  /** Of each page; left out: Chrome's own. */
  readonly viewport: Viewport | undefined;
  readonly onPageCrash: OnPageCrash;
}

/** Runs one Chrome after another until told to stop. */
export class SupervisedBrowser {
  readonly #host: Host;
  readonly #launch: () => Promise<Chrome>;
  readonly #viewport: Viewport | undefined;
  readonly downloads: Downloads;
  readonly #onPageCrash: OnPageCrash;
  readonly #emulation = new LastingEmulation();
  readonly #dialogs: DialogRules = { policy: "hold", isShared: () => this.#clients > 0 };
  readonly #exitTimesMs: number[] = [];
  #session: BrowserSession | null = null;
  #answer: ChromeAnswer | null = null;
  #pid: number | null = null;
  #next = Promise.withResolvers<BrowserSession>();
  #restarts = 0;
  #lastEnd: string | null = null;
  #clients = 0;

  constructor(
    host: Host,
    launch: () => Promise<Chrome>,
    { downloads, viewport, onPageCrash }: BrowserParts,
  ) {
    this.#host = host;
    this.#launch = launch;
    this.downloads = downloads;
    this.#viewport = viewport;
    this.#onPageCrash = onPageCrash;
  }

  /** Says that a DevTools client is connected until disposed: pages may be its own then. */
  share(): Disposable {
    this.#clients++;
    return { [Symbol.dispose]: () => void this.#clients-- };
  }

  /** How often Chrome had to be started again. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Why the last Chrome had to be replaced, in words; `null` when none had to. */
  get lastEnd(): string | null {
    return this.#lastEnd;
  }

  /** The process that was started as Chrome; `null` until its DevTools answer. */
  get pid(): number | null {
    return this.#pid;
  }

  /** What the Chrome that runs now said of itself; `null` until its DevTools answer. */
  get answer(): ChromeAnswer | null {
    return this.#answer;
  }

  /** The Chrome that runs now, or else the next that is connected. */
  nextSession(): Promise<BrowserSession> {
    return this.#session === null ? this.#next.promise : Promise.resolve(this.#session);
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
      this.#lastEnd = (reason instanceof Error ? reason.message : String(reason))
        .slice(0, BROWSER_ENDED_LENGTH_MAX);
      this.#host.log("warn", "Chrome is gone and is started again", { reason: this.#lastEnd });
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
      this.#answer = await this.#askVersion(owned, life);
      this.#pid = owned.pid;
      await this.#announce(onReady, this.#answer, life);
      await using connected = await this.#connect(owned, this.#answer, end, life);
      this.#session = connected.session;
      this.#next.resolve(connected.session);
      await aborted(life);
    } catch (error) {
      // Without the daemon's ear there is nobody to serve: the agent ends, and Chrome with it.
      if (error instanceof UnheardError) throw error.cause;
      // However Chrome fails, it is replaced; how often it may is bounded.
      gone.abort(error);
    } finally {
      // Those who wait for the next session go on waiting when there was none.
      if (this.#session !== null) this.#next = Promise.withResolvers();
      this.#session = null;
      this.#answer = null;
      this.#pid = null;
    }
    return life.reason;
  }

  async #announce(onReady: OnReady, answer: ChromeAnswer, life: AbortSignal): Promise<void> {
    try {
      await onReady(answer, life);
    } catch (cause) {
      life.throwIfAborted();
      throw new UnheardError("Nobody heard that Chrome is ready", { cause });
    }
  }

  /** Waits until the DevTools answer (https://chromedevtools.github.io/devtools-protocol/). */
  async #askVersion(chrome: Chrome, life: AbortSignal): Promise<ChromeAnswer> {
    const devtoolsUrl = await chrome.devtoolsUrl(life);
    using deadline = new Deadline(this.#host.clock, "use Chrome", CONNECT_TIMEOUT_MS, [life]);
    const url = `http://${new URL(devtoolsUrl).host}/json/version`;
    const response = await this.#host.net.fetch("agent.chrome:version", url, {
      signal: deadline.signal,
    });
    const version = await response.json();
    return {
      devtoolsUrl,
      browserVersion: String(version["Browser"]),
      userAgent: String(version["User-Agent"]),
    };
  }

  async #connect(
    chrome: Chrome,
    answer: ChromeAnswer,
    end: (how: string) => void,
    life: AbortSignal,
  ) {
    const { connectBeside, connectDevtools } = await import("./devtools.ts");
    using deadline = new Deadline(this.#host.clock, "use Chrome", CONNECT_TIMEOUT_MS, [life]);
    const records = new PageRecords(() => this.#host.clock.now());
    const profile = new ProfileState();
    const dialogs = new PageDialogs(this.#dialogs, this.#host.log);
    const browser = await deadline.race(
      "its DevTools",
      connectDevtools(
        answer.devtoolsUrl,
        this.#host,
        (target) => {
          records.onTarget(target);
          profile.onTarget(target);
          dialogs.onTarget(target);
        },
        deadline.signal,
      ),
    );
    await using undo = new AsyncDisposableStack();
    undo.defer(() => this.#close(browser, chrome));
    browser.on("disconnected", () => end("Chrome closed its DevTools connection"));
    const emulations = undo.use(
      new Emulations(
        this.#emulation,
        () => connectBeside(answer.devtoolsUrl, this.#host, life),
      ),
    );
    await deadline.race("its pages to believe", emulations.start());
    const context = browser.defaultBrowserContext();
    await deadline.race("its permissions", emulations.permissions.putAll(context));
    const pages = await deadline.race(
      "a page",
      Pages.open(browser, {
        ...{ records, emulations, profile, downloads: this.downloads, log: this.#host.log },
        ...{ viewport: this.#viewport, dialogs },
        isShared: () => this.#clients > 0,
        onCrash: this.#onPageCrash,
      }),
    );
    const pageOf = (frameId: string) => pages.pageOf(frameId);
    const watched = await deadline.race(
      "its word on downloads",
      watchDownloads(browser, this.downloads, pageOf, this.#host.log),
    );
    undo.defer(() => this.downloads.failAll("Chrome has ended"));
    const kept = undo.move();
    const session: BrowserSession = { ...answer, pages, life, claimDownloads: watched.claim };
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

/** Tells a failed announce from a failed Chrome. */
class UnheardError extends Error {}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true })
  );
}
