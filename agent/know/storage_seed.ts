/// <reference lib="dom" />
/** What a page's origins are to store as soon as the page goes there. */
import type { CDPSession } from "puppeteer-core";

/** Items by kind. */
export interface Seed {
  local: Record<string, string>;
  session: Record<string, string>;
}

/** Stands for whatever origin the page goes to first. */
export const ANY_ORIGIN = "*";

const SEED_WORLD = "viper-seed";

/** A script in each new document that stores what is due, before the document's own scripts. */
export class StorageSeed {
  readonly #cdp: CDPSession;
  readonly #due = new Map<string, Seed>();
  #scriptId: string | null = null;

  constructor(cdp: CDPSession) {
    this.#cdp = cdp;
    cdp.on("Page.frameNavigated", ({ frame }) => {
      if (frame.parentId !== undefined || !/^https?:/.test(frame.url)) return;
      const { origin } = new URL(frame.url);
      const isDone = [origin, ANY_ORIGIN].map((key) => this.#due.delete(key)).includes(true);
      if (isDone) this.#put().catch(() => {}); // The page may be gone.
    });
  }

  /** Adds to what is due. */
  async add(origin: string, seed: Seed): Promise<void> {
    const known = this.#due.get(origin) ?? { local: {}, session: {} };
    Object.assign(known.local, seed.local);
    Object.assign(known.session, seed.session);
    this.#due.set(origin, known);
    await this.#cdp.send("Page.enable");
    await this.#put();
  }

  async #put(): Promise<void> {
    const before = this.#scriptId;
    this.#scriptId = null;
    if (before !== null) {
      await this.#cdp.send("Page.removeScriptToEvaluateOnNewDocument", { identifier: before });
    }
    if (this.#due.size === 0) return;
    const due = JSON.stringify(Object.fromEntries(this.#due));
    const { identifier } = await this.#cdp.send("Page.addScriptToEvaluateOnNewDocument", {
      source: `(${store})(${due}, ${JSON.stringify(ANY_ORIGIN)})`,
      // What other origins are to store is nothing that a page could ever see here.
      worldName: SEED_WORLD,
    });
    this.#scriptId = identifier;
  }
}

/** Runs in the page. */
function store(due: Readonly<Record<string, Seed>>, anyOrigin: string): void {
  if (globalThis.self !== globalThis.top || !/^https?:/.test(location.href)) return;
  for (const seed of [due[anyOrigin], due[location.origin]]) {
    for (const [key, value] of Object.entries(seed?.local ?? {})) localStorage.setItem(key, value);
    for (const [key, value] of Object.entries(seed?.session ?? {})) {
      sessionStorage.setItem(key, value);
    }
  }
}
