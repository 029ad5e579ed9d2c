/** What the pages of one Chrome are made to believe, all of them or some, now and later. */
import type { CDPSession, Target } from "puppeteer-core";
import type { EmulationChange, EmulationSettings } from "../../protocol/emulation.ts";
import type { Viewport } from "../../protocol/vm_settings.ts";
import { type AttachedTarget, ownerOf } from "../records/page_records.ts";
import { put, putViewport, type SessionKind } from "./commands.ts";
import { Interception } from "./interception.ts";

type Key = keyof EmulationSettings;

/** A page with everything that belongs to it. */
interface EmulatedPage {
  readonly sessions: Map<CDPSession, SessionKind>;
  own: EmulationSettings;
  interception: Interception | null;
}

/** Settings of all pages, and of single ones, which come before those. */
export class Emulations {
  readonly #fallback: Viewport;
  readonly #pages = new Map<string, EmulatedPage>();
  #all: EmulationSettings;

  /** `settings` are in force from the start; `fallback` is the size of pages without one. */
  constructor(fallback: Viewport, settings: EmulationSettings = {}) {
    this.#fallback = fallback;
    this.#all = settings;
  }

  /** What is in force on a page; without one, on all. */
  of(pageId?: string): EmulationSettings {
    return { ...this.#all, ...(pageId === undefined ? {} : this.#pages.get(pageId)?.own) };
  }

  /** To be called in the turn in which puppeteer is attached, while the target waits. */
  onTarget(target: Target): void {
    const { session, pageId } = ownerOf(target as AttachedTarget);
    if (session === undefined || pageId === undefined) return;
    const page = this.#page(pageId);
    const kind = target.type() === "page" ? "page" : "inner";
    page.sessions.set(session, kind);
    session.once("disconnected" as never, () => page.sessions.delete(session));
    const settings = this.of(pageId);
    const keys = Object.keys(settings) as Key[];
    put(session, kind, settings, keys).catch(() => {}); // It may be gone again.
  }

  /** A page is there to be acted on: what needs a session of our own is put in force. */
  async adopt(pageId: string, cdp: CDPSession): Promise<void> {
    const page = this.#page(pageId);
    page.interception = new Interception(cdp);
    page.sessions.set(cdp, "own");
    const settings = this.of(pageId);
    await put(cdp, "own", settings, Object.keys(settings) as Key[]);
    if (settings.viewport !== undefined) await this.#size(page, settings);
    if (settings.answers || settings.http_auth) await page.interception.set(settings);
  }

  forget(pageId: string): void {
    this.#pages.delete(pageId);
  }

  /** Changes one page, or all and what is to come; `null` takes a member back. */
  async change(change: EmulationChange, pageId: string | undefined): Promise<void> {
    const keys = Object.keys(change) as Key[];
    if (pageId === undefined) this.#all = changed(this.#all, change);
    else {
      const page = this.#page(pageId);
      page.own = changed(page.own, change);
    }
    const ids = pageId === undefined ? [...this.#pages.keys()] : [pageId];
    await Promise.all(ids.map((id) => this.#putOn(id, keys)));
  }

  async #putOn(pageId: string, keys: readonly Key[]): Promise<void> {
    const page = this.#page(pageId);
    const settings = this.of(pageId);
    const puts = [...page.sessions].map(async ([session, kind]) => {
      try {
        await put(session, kind, settings, keys);
      } catch (error) {
        if (kind !== "inner") throw error; // Frames and workers come and go, and lack some of it.
      }
    });
    if (keys.includes("viewport")) puts.push(this.#size(page, settings));
    if (keys.includes("answers") || keys.includes("http_auth")) {
      puts.push(page.interception?.set(settings) ?? Promise.resolve());
    }
    await Promise.all(puts);
  }

  async #size(page: EmulatedPage, { viewport }: EmulationSettings): Promise<void> {
    for (const [session, kind] of page.sessions) {
      if (kind === "page") await putViewport(session, viewport, this.#fallback);
    }
  }

  #page(id: string): EmulatedPage {
    const known = this.#pages.get(id);
    if (known !== undefined) return known;
    const page: EmulatedPage = { sessions: new Map(), own: {}, interception: null };
    this.#pages.set(id, page);
    return page;
  }
}

function changed(settings: EmulationSettings, change: EmulationChange): EmulationSettings {
  return Object.fromEntries(
    Object.entries({ ...settings, ...change })
      .filter(([, value]) => value !== null && value !== undefined),
  );
}
