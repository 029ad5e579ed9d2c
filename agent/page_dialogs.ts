/** The dialogs of all pages, from before the first script of each. */
import type { Target } from "puppeteer-core";
import type { Log } from "../host/host.ts";
import { type Dialog, type DialogRules, Dialogs } from "./dialogs.ts";
import { type AttachedTarget, ownerOf } from "./records/page_records.ts";

/**
 * Watches each page's dialogs from the moment on in which Chrome tells of it. A page that asks at
 * once stops before it can be taken over as one that actions go to: it can be answered all the same.
 */
export class PageDialogs {
  readonly #byPage = new Map<string, Dialogs>();

  constructor(readonly rules: DialogRules, private readonly log: Log) {}

  /** To be called in the turn in which puppeteer is attached, while the target waits. */
  onTarget(target: Target): void {
    if (target.type() !== "page") return;
    const { session, pageId } = ownerOf(target as AttachedTarget);
    if (session === undefined || pageId === undefined) return;
    const { openerId } = (target as AttachedTarget)._getTargetInfo();
    const opener = openerId === undefined ? undefined : this.#byPage.get(openerId);
    this.#byPage.set(pageId, Dialogs.watch(session, this.rules, this.log, opener));
    session.send("Page.enable").catch(() => {}); // It may be gone again.
  }

  forget(pageId: string): void {
    this.#byPage.delete(pageId);
  }

  /** Those of a page; `undefined` when there is no such page. */
  of(pageId: string): Dialogs | undefined {
    return this.#byPage.get(pageId);
  }

  /** All that stand open. */
  get open(): readonly (Dialog & { readonly page: string })[] {
    return [...this.#byPage].flatMap(([page, { open }]) =>
      open === null ? [] : [{ page, ...open }]
    );
  }
}
