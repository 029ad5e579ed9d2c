/** What the pages of one Chrome are made to believe, all of them or some, now and later. */
import type { CDPSession, Connection } from "puppeteer-core";
import type { EmulationChange, EmulationSettings } from "../../protocol/emulation.ts";
import type { MockRule } from "../../protocol/mocks.ts";
import type { Viewport } from "../../protocol/vm_settings.ts";
import { put, putViewport, type SettingKey } from "./commands.ts";
import { Interception } from "./interception.ts";
import { Mocks } from "./mocks.ts";
import { Permissions } from "./permissions.ts";
import { type OwnTarget, OwnTargets } from "./own_targets.ts";

/** What all pages are made to believe, which outlives a Chrome. */
export class LastingEmulation {
  settings: EmulationSettings = {};
  readonly mocks = new Mocks();
  readonly permissions = new Permissions();

  get isEmpty(): boolean {
    return Object.keys(this.settings).length === 0 && this.mocks.list().length === 0;
  }
}

/** A page that actions can be done on. */
export interface EmulatedPage {
  /** Another session than that of {@linkcode OwnTargets}. */
  readonly beside: CDPSession;
  /** Its size while nobody asks for another; `null` leaves it to Chrome. */
  readonly fallback: Viewport | null;
  /** Whether it stands still, and so answers only later. */
  readonly isHeld: () => boolean;
}

type Holder = { settings: EmulationSettings };

/** Settings of all pages, and of single ones, which come before those. */
export class Emulations implements Disposable {
  readonly #lasting: LastingEmulation;
  readonly #connect: () => Promise<Connection>;
  readonly #pages = new Map<string, EmulatedPage & Holder>();
  readonly #interceptions = new WeakMap<CDPSession, Interception>();
  #connection: Connection | null = null;
  #targets: Promise<OwnTargets> | null = null;

  /** `connect` reaches Chrome beside puppeteer. */
  constructor(lasting: LastingEmulation, connect: () => Promise<Connection>) {
    this.#lasting = lasting;
    this.#connect = connect;
    // Of pages of a Chrome that is gone.
    lasting.mocks.remove(({ pageId }) => pageId !== undefined);
  }

  [Symbol.dispose](): void {
    this.#connection?.dispose();
  }

  /** Puts in force what an earlier Chrome left; where nothing is, Chrome is spared a connection. */
  async start(): Promise<void> {
    if (!this.#lasting.isEmpty) await this.#watched();
  }

  /** What is in force on a page; without one, on all. */
  of(pageId: string | undefined): EmulationSettings {
    return { ...this.#lasting.settings, ...this.#holder(pageId).settings };
  }

  /** A page is there to be acted on. */
  async adopt(pageId: string, page: EmulatedPage): Promise<void> {
    this.#pages.set(pageId, { ...page, settings: {} });
    const keys = () => keysOf(this.of(pageId));
    // A DevTools client's session would have the last word otherwise.
    page.beside.on("Page.frameNavigated", ({ frame }) => {
      if (frame.parentId !== undefined) return;
      put(page.beside, "beside", this.of(pageId), keys()).catch(() => {}); // It may be gone.
    });
    const isSized = page.fallback !== null || keys().includes("viewport");
    await this.#putBeside(pageId, [...keys(), ...isSized ? ["viewport"] as const : []]);
  }

  forget(pageId: string): void {
    this.#pages.delete(pageId);
    this.#lasting.mocks.remove((mock) => mock.pageId === pageId);
  }

  /**
   * Changes one page, or all and what is to come; `null` takes a member back.
   *
   * @throws what Chrome says, when a page does not take it; all is as before then
   */
  async change(change: EmulationChange, pageId: string | undefined): Promise<void> {
    const keys = keysOf(change);
    if (keys.length === 0) return;
    const holder = this.#holder(pageId);
    const before = holder.settings;
    holder.settings = changed(before, change);
    try {
      await this.#put(keys, pageId);
    } catch (error) {
      holder.settings = before;
      await this.#put(keys, pageId).catch(() => {}); // What took the new one takes the old one.
      throw error;
    }
  }

  /** Takes back what was said of one page or, without one, all that was said, mocks excepted. */
  async reset(pageId: string | undefined): Promise<void> {
    for (const id of pageId === undefined ? [...this.#pages.keys(), undefined] : [pageId]) {
      await this.change(nothing(this.#holder(id).settings), id);
    }
  }

  get permissions(): Permissions {
    return this.#lasting.permissions;
  }

  get mocks(): Mocks {
    return this.#lasting.mocks;
  }

  /** Has a mock answer requests from now on. @throws {ViperError} `mock_limit_reached` */
  async mock(rule: MockRule, pageId: string | undefined, action: string): Promise<number> {
    const id = this.mocks.add(rule, pageId, action);
    await this.intercept(pageId);
    return id;
  }

  /** To be called when mocks have changed. */
  async intercept(pageId: string | undefined): Promise<void> {
    await this.#put(["http_auth"], pageId);
  }

  #holder(pageId: string | undefined): Holder {
    return pageId === undefined ? this.#lasting : this.#pages.get(pageId) ?? { settings: {} };
  }

  #isHeld(pageId: string | undefined): boolean {
    return pageId !== undefined && this.#pages.get(pageId)?.isHeld() === true;
  }

  #watched(): Promise<OwnTargets> {
    return this.#targets ??= this.#watch().catch((error) => {
      this.#targets = null;
      throw error;
    });
  }

  async #watch(): Promise<OwnTargets> {
    this.#connection = await this.#connect();
    return await OwnTargets.watch(
      this.#connection,
      (pageId) => this.#isHeld(pageId),
      (target) => this.#welcome(target),
    );
  }

  /** A target came, and is told all that is in force before it runs. */
  #welcome(target: OwnTarget): Promise<unknown> {
    return this.#putOn(target, [...keysOf(this.of(target.pageId)), "http_auth"]);
  }

  async #put(keys: readonly SettingKey[], pageId: string | undefined): Promise<void> {
    const targets = await this.#watched();
    const ids = pageId === undefined ? [...this.#pages.keys()] : [pageId];
    await Promise.all([
      ...targets.list(pageId).map((target) =>
        this.#answered(target.pageId, this.#putOn(target, keys), (error) => {
          // Frames and workers lack some of it, and any target may be gone.
          if (target.kind === "page" && !target.session.detached) throw error;
        })
      ),
      ...ids.map((id) =>
        this.#answered(id, this.#putBeside(id, keys), (error) => {
          if (this.#pages.get(id)?.beside.detached === false) throw error;
        })
      ),
    ]);
  }

  /** Waits for an answer, which a page that shows a dialog gives only later. */
  async #answered(
    pageId: string | undefined,
    work: Promise<void>,
    onError: (error: unknown) => void,
  ): Promise<void> {
    const answer = work.catch(onError);
    if (this.#isHeld(pageId)) answer.catch(() => {}); // What does not fit, other pages say as well.
    else await answer;
  }

  async #putOn({ session, kind, pageId }: OwnTarget, keys: readonly SettingKey[]): Promise<void> {
    const putting = put(session, kind, this.of(pageId), keys);
    if (!keys.includes("http_auth") && !keys.includes("blocked_urls")) return await putting;
    const { mocks } = this;
    const { http_auth, blocked_urls } = this.of(pageId);
    const interception = this.#interceptions.get(session) ?? new Interception(session);
    this.#interceptions.set(session, interception);
    await Promise.all([
      putting,
      interception.set({
        patterns: mocks.of(pageId).map(({ rule }) => rule.url),
        blocked: blocked_urls ?? [],
        auth: http_auth,
        use: (url, method) => mocks.use(pageId, url, method),
      }),
    ]);
  }

  async #putBeside(pageId: string, keys: readonly SettingKey[]): Promise<void> {
    const page = this.#pages.get(pageId);
    if (page === undefined) return;
    const settings = this.of(pageId);
    await Promise.all([
      put(page.beside, "beside", settings, keys),
      keys.includes("viewport")
        ? putViewport(page.beside, settings.viewport ?? page.fallback)
        : null,
    ]);
  }
}

function keysOf(settings: EmulationChange): SettingKey[] {
  return Object.keys(settings) as SettingKey[];
}

function nothing(settings: EmulationSettings): EmulationChange {
  return Object.fromEntries(keysOf(settings).map((key) => [key, null]));
}

function changed(settings: EmulationSettings, change: EmulationChange): EmulationSettings {
  return Object.fromEntries(
    Object.entries({ ...settings, ...change })
      .filter(([, value]) => value !== null && value !== undefined),
  );
}
