/** The pages of one Chrome, and which of them actions go to. */
import type { Browser, Page, Target } from "puppeteer-core";
import type { Log } from "../host/host.ts";
import { ViperError } from "../protocol/problems.ts";
import type { Viewport } from "../protocol/vm_settings.ts";
import { VIEWPORT } from "./chrome_command.ts";
import type { Dialogs } from "./dialogs.ts";
import type { Downloads } from "./downloads/downloads.ts";
import { hasFrame } from "./frames.ts";
import type { Emulations } from "./emulation/emulations.ts";
import type { OpenPage } from "./open_page.ts";
import type { OnPageCrash } from "./page_crashes.ts";
import { PageLoads } from "./page_loads.ts";
import type { PageDialogs } from "./page_dialogs.ts";
import type { AttachedTarget, PageRecords } from "./records/page_records.ts";
import type { ProfileState } from "./know/profile_state.ts";
import { StorageSeed } from "./know/storage_seed.ts";
import { Refs } from "./refs.ts";
import { Tracing } from "./tracing.ts";
import { Turns } from "./turns.ts";

/** Pages opened by pages are kept up to this many; beyond, the oldest is closed. */
export const PAGES_MAX = 32;

/** A page that asks something before actions can go to it. */
export interface AskingPage {
  readonly id: string;
  readonly url: string;
  readonly title: string;
}

/** What pages are kept with. */
export interface PagesParts {
  readonly records: PageRecords;
  readonly downloads: Downloads;
  readonly emulations: Emulations;
  readonly profile: ProfileState;
  readonly log: Log;
  /** Of each page; left out: Chrome's own, which is {@linkcode VIEWPORT}. */
  readonly viewport: Viewport | undefined;
  readonly dialogs: PageDialogs;
  /** Whether DevTools clients are connected, whose the pages may be. */
  readonly isShared: () => boolean;
  readonly onCrash: OnPageCrash;
}

/**
 * Keeps track of pages as they come and go. The active one is the last that was opened and still
 * stands; when none is left, a new one is made. A crashed page is closed.
 */
export class Pages {
  readonly #browser: Browser;
  readonly #records: PageRecords;
  readonly #log: Log;
  readonly #parts: PagesParts;
  readonly #known = new Map<Page, Promise<OpenPage>>();
  /** Pages that opened and are not known yet, by their targets' ids. */
  readonly #coming = new Map<string, { readonly target: Target; readonly taken: Promise<void> }>();
  /** Those of every page. */
  readonly dialogs: PageDialogs;
  /** Of the whole Chrome. */
  readonly tracing: Tracing;
  #order: OpenPage[] = [];

  private constructor(browser: Browser, parts: PagesParts) {
    this.#browser = browser;
    this.#parts = parts;
    this.#records = parts.records;
    this.#log = parts.log;
    this.dialogs = parts.dialogs;
    this.tracing = new Tracing(browser);
  }

  /** Takes over the pages that stand, of which there is at least one when this resolves. */
  static async open(browser: Browser, parts: PagesParts): Promise<Pages> {
    const pages = new Pages(browser, parts);
    browser.on("targetcreated", (target) => pages.#onTarget(target));
    browser.on(
      "targetdestroyed",
      (target) => pages.dialogs.forget((target as AttachedTarget)._targetId),
    );
    for (const page of await browser.pages()) await pages.#adopt(page);
    await pages.active();
    return pages;
  }

  /**
   * The page of that id, or the active one.
   *
   * @throws {ViperError} `page_not_found`, or `dialog_open` when it asks something before it is
   * there; `action` completes the sentence "Cannot …"
   */
  async chosen(id: string | undefined, action: string): Promise<OpenPage> {
    await this.#settled();
    const asking = id ?? this.asking.at(-1)?.id;
    if (asking !== undefined && this.#coming.has(asking)) this.dialogs.of(asking)?.refuse(action);
    if (id === undefined) return await this.active();
    const open = this.#order.find((open) => open.id === id);
    if (open !== undefined) return open;
    throw new ViperError("page_not_found", `Cannot ${action}: there is no page "${id}"`);
  }

  /** The page that an action goes to when none is named. */
  async active(): Promise<OpenPage> {
    await this.#settled();
    return this.#order.at(-1) ?? await this.#adopt(await this.#browser.newPage());
  }

  /**
   * The dialogs of the page of that id, or of the active one.
   *
   * @throws {ViperError} `page_not_found`; `action` completes the sentence "Cannot …"
   */
  async dialogsOf(id: string | undefined, action: string): Promise<Dialogs> {
    await this.#settled();
    const asking = id ?? this.asking.at(-1)?.id;
    const early = asking === undefined ? undefined : this.dialogs.of(asking);
    return early ?? (await this.chosen(id, action)).dialogs;
  }

  /** All pages that actions can go to, the active one last. */
  async list(): Promise<readonly OpenPage[]> {
    await this.active();
    return this.#order;
  }

  /** Opens a page, which is the active one then. @throws {ViperError} `page_limit_reached` */
  async add(action: string): Promise<OpenPage> {
    if (this.#order.length >= PAGES_MAX) {
      throw new ViperError("page_limit_reached", `Cannot ${action}: ${PAGES_MAX} pages are open`);
    }
    return await this.#adopt(await this.#browser.newPage());
  }

  /** The page that the frame belongs to, where it is known. */
  pageOf(frameId: string): string | undefined {
    return this.#order.find(({ page }) => hasFrame(page, frameId))?.id;
  }

  /** Makes the page the active one. */
  activate(open: OpenPage): void {
    this.#order = [...this.#order.filter((other) => other !== open), open];
  }

  /** Waits for pages that come, but for none that asks something before it can be taken over. */
  async #settled(): Promise<void> {
    const coming = [...this.#coming].map(([id, { taken }]) =>
      Promise.race([taken, this.dialogs.of(id)?.opened ?? taken])
    );
    await Promise.allSettled([...coming, ...this.#known.values()]);
  }

  /** Those that came and ask something before they can be taken over, the last one last. */
  get asking(): readonly AskingPage[] {
    return [...this.#coming].flatMap(([id, { target }]) => {
      const { url, title } = (target as AttachedTarget)._getTargetInfo();
      return this.dialogs.of(id)?.open ? [{ id, url, title }] : [];
    });
  }

  /** Closes one of {@linkcode asking}, and its dialog with it; resolves when it is gone. */
  async closeAsking(id: string): Promise<void> {
    const coming = this.#coming.get(id);
    const root = await this.#browser.target().createCDPSession();
    try {
      await root.send("Target.closeTarget", { targetId: id });
      await coming?.taken;
    } finally {
      root.detach().catch(() => {}); // Chrome may be gone.
    }
  }

  #onTarget(target: Target): void {
    if (target.type() !== "page") return;
    const id = (target as AttachedTarget)._targetId;
    const adopted = async () => {
      const page = await target.page();
      if (page !== null) await this.#adopt(page);
    };
    const taken = adopted().catch((error) =>
      this.#log("debug", "A page went away before it was taken over", { reason: String(error) })
    ).finally(() => this.#coming.delete(id));
    this.#coming.set(id, { target, taken });
  }

  #adopt(page: Page): Promise<OpenPage> {
    const known = this.#known.get(page);
    if (known !== undefined) return known;
    const adopting = this.#prepare(page);
    this.#known.set(page, adopting);
    adopting.catch(() => this.#known.delete(page));
    return adopting;
  }

  async #prepare(page: Page): Promise<OpenPage> {
    const gone = new AbortController();
    const forget = (code: "page_not_found" | "page_crashed", reason: string) => {
      gone.abort(new ViperError(code, `Cannot go on: ${reason}`));
      this.#known.delete(page);
      this.#order = this.#order.filter((open) => open.page !== page);
    };
    page.on("close", () => forget("page_not_found", "the page was closed"));
    page.on("error", () => {
      const url = page.url();
      const open = this.#order.find((open) => open.page === page);
      if (open !== undefined) this.#parts.onCrash({ page: open.id, url });
      forget("page_crashed", "the page crashed");
      page.close().catch(() => {}); // What is left of it may be gone already.
    });
    const cdp = await page.createCDPSession();
    const { targetInfo } = await cdp.send("Target.getTargetInfo");
    const loads = PageLoads.watch(cdp, targetInfo);
    const { targetId: id } = targetInfo;
    const dialogs = this.dialogs.of(id);
    if (dialogs === undefined) throw new Error("Cannot take over a page that is gone");
    // Else Chrome stops drawing pages behind the one in front.
    if (!this.#parts.isShared()) {
      cdp.send("Emulation.setFocusEmulationEnabled", { enabled: true }).catch(() => {});
    }
    const { emulations, profile } = this.#parts;
    page.on("close", () => {
      this.#records.forget(id);
      emulations.forget(id);
    });
    const isHeld = () => dialogs.open !== null;
    await emulations.adopt(id, { beside: cdp, fallback: this.#viewport(), isHeld });
    const record = this.#records.of(id);
    const { downloads } = this.#parts;
    const kept = { refs: new Refs(), memory: { lines: null }, record };
    const own = { ...kept, turns: new Turns(), loads, dialogs, downloads };
    const seed = new StorageSeed(cdp);
    const believed = { emulations, seed, profile };
    const pages = () => this.#order;
    const open: OpenPage = { id, page, pages, cdp, ...own, ...believed, gone: gone.signal };
    this.#order.push(open);
    if (this.#order.length > PAGES_MAX && !this.#parts.isShared()) {
      this.#order[0]?.page.close().catch(() => {});
    }
    return open;
  }

  /** A page that may be a client's keeps the size that the client gives it. */
  #viewport(): Viewport | null {
    const { viewport, isShared } = this.#parts;
    return viewport ?? (isShared() ? null : { ...VIEWPORT, scale: 1 });
  }
}
