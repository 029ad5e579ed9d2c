/** What is known of one Chrome's own profile. */
import type { Target } from "puppeteer-core";
import { ORIGINS_MAX } from "../../protocol/profile_contents.ts";
import { type AttachedTarget, ownerOf } from "../records/page_records.ts";

/** Where a Chrome's pages have been since it began: there may be something stored. */
export class ProfileState {
  readonly #origins = new Set<string>();
  /** Origins that had no room. */
  #missed = 0;
  /** Whether a profile was attached, to its end. */
  isAttached = false;

  /** Oldest first. */
  get origins(): readonly string[] {
    return [...this.#origins];
  }

  /** Origins beyond the limit. */
  get missed(): number {
    return this.#missed;
  }

  /** To be called in the turn in which puppeteer is attached, while the target waits. */
  onTarget(target: Target): void {
    if (target.type() !== "page") return;
    const { session } = ownerOf(target as AttachedTarget);
    if (session === undefined) return;
    this.add(target.url());
    session.on("Page.frameNavigated", ({ frame }) => {
      if (frame.parentId === undefined) this.add(frame.url);
    });
    session.send("Page.enable").catch(() => {}); // It may be gone again.
  }

  /** Notes the origin of a page's address, where it is one that can store. */
  add(url: string): void {
    if (!/^https?:/.test(url) || !URL.canParse(url)) return;
    const { origin } = new URL(url);
    if (this.#origins.has(origin)) return;
    if (this.#origins.size < ORIGINS_MAX) this.#origins.add(origin);
    else this.#missed++;
  }
}
