/** Where a page goes and how far it is: what navigations have in common. */
import type { CDPSession, Protocol } from "puppeteer-core";
import type { WaitUntil } from "../protocol/pages.ts";
import type { Deadline } from "./deadline.ts";

/** Documents whose beginning is remembered, for who asked for one of them. */
const BEGUN_MAX = 32;

/** One document on its way into a page, by DevTools' loader id. */
interface Load {
  readonly loaderId: string;
  readonly reached: Set<WaitUntil>;
  /** What could not be loaded, in whose place Chrome shows an error page. */
  readonly failedUrl: string | undefined;
}

const STATES: Readonly<Record<string, WaitUntil>> = {
  DOMContentLoaded: "domcontentloaded",
  load: "load",
  networkIdle: "networkidle",
};
const ALL_STATES: readonly WaitUntil[] = ["commit", "domcontentloaded", "load", "networkidle"];

/** What a timeout says it waited for. */
const WORDS: Readonly<Record<WaitUntil, string>> = {
  commit: "the page's first answer",
  domcontentloaded: "the page's DOMContentLoaded event",
  load: "the page's load event",
  networkidle: "the page's network to be quiet",
};

/** Follows the loads of one page's main frame. */
export class PageLoads {
  #load: Load;
  /** The last documents' loader ids. */
  readonly #begun: string[] = [];
  #changed = Promise.withResolvers<void>();
  #count: number;
  #told = 0;

  private constructor(load: Load, count: number) {
    this.#load = load;
    this.#count = count;
  }

  /**
   * From now on, of a page's own session. It does not wait for the page, which may be stopped by a
   * dialog or a script without end.
   */
  static watch(cdp: CDPSession, { targetId, url }: Protocol.Target.TargetInfo): PageLoads {
    const isBlank = url === "about:blank" || url === "";
    const standing = { loaderId: "", reached: new Set(["commit" as const]), failedUrl: undefined };
    const loads = new PageLoads(standing, isBlank ? 0 : 1);
    cdp.on("Page.frameNavigated", ({ frame, type }) => {
      if (frame.parentId !== undefined) return;
      const isRestored = (type as string) === "BackForwardCacheRestore";
      loads.#begin({
        loaderId: frame.loaderId,
        reached: new Set(isRestored ? ALL_STATES : ["commit"]),
        failedUrl: frame.unreachableUrl,
      });
    });
    cdp.on("Page.navigatedWithinDocument", ({ frameId }) => {
      if (frameId === targetId) loads.#begin(loads.#load);
    });
    cdp.on("Page.lifecycleEvent", ({ frameId, loaderId, name }) => {
      // A page's own frame goes by the id of its target.
      if (frameId !== targetId) return;
      if (loads.#load.loaderId === "") loads.#load = { ...loads.#load, loaderId };
      const state = STATES[name];
      if (state !== undefined) loads.#reach(loaderId, state);
    });
    cdp.send("Page.enable").catch(() => {}); // The page may be gone, and its session with it.
    // Chrome repeats the events of the document that stands.
    cdp.send("Page.setLifecycleEventsEnabled", { enabled: true }).catch(() => {});
    return loads;
  }

  /** How many navigations there were, those within a document among them. */
  get count(): number {
    return this.#count;
  }

  /** How many of them callers know of. */
  get told(): number {
    return this.#told;
  }

  /** What the last navigation could not load. */
  get failedUrl(): string | undefined {
    return this.#load.failedUrl;
  }

  /** Notes that a caller is about to learn of every navigation up to now. */
  tell(): void {
    this.#told = this.#count;
  }

  /** Waits until there were more navigations than that, and the last is so far. */
  async reach(state: WaitUntil, countBefore: number, deadline: Deadline): Promise<void> {
    await this.#until(state, () => this.#count > countBefore, deadline);
  }

  /** Waits until that document is the page's, or was, and the last one is so far. */
  async reachLoader(state: WaitUntil, loaderId: string, deadline: Deadline): Promise<void> {
    await this.#until(state, () => this.#begun.includes(loaderId), deadline);
  }

  /** Waits until Chrome has begun with a navigation. */
  async starting<T>(going: Promise<T>, deadline: Deadline): Promise<T> {
    return await deadline.race(WORDS.commit, going);
  }

  async #until(state: WaitUntil, begun: () => boolean, deadline: Deadline): Promise<void> {
    while (!begun() || !this.#load.reached.has(state)) {
      await deadline.race(WORDS[begun() ? state : "commit"], this.#changed.promise);
    }
  }

  #begin(load: Load): void {
    this.#count++;
    this.#load = load;
    this.#begun.push(load.loaderId);
    if (this.#begun.length > BEGUN_MAX) this.#begun.shift();
    this.#wake();
  }

  #reach(loaderId: string, state: WaitUntil): void {
    if (loaderId !== this.#load.loaderId) return;
    this.#load.reached.add(state);
    this.#wake();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
