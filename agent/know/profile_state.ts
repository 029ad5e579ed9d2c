/** What is known of one Chrome's own profile. */
import type { Target } from "puppeteer-core";
import { ORIGINS_MAX } from "../../protocol/profile_contents.ts";
import { Turns } from "../turns.ts";
import { type AttachedTarget, ownerOf } from "../records/page_records.ts";

/** Where a Chrome's pages have been since it began, and what was attached: there is something stored. */
export class ProfileState {
  readonly #origins = new Set<string>();
  readonly #visited = new Set<string>();
  /** Origins that had no room. */
  #missed = 0;
  /** Nothing is read while something is put in, nor are there more asides than a few. */
  readonly turns = new Turns();
  /** Whether a profile was attached, to its end. */
  isAttached = false;

  /** All that may store something, oldest first. */
  get origins(): readonly string[] {
    return [...this.#origins];
  }

  /** Those that a page has been to: what the others store is as it was attached. */
  get visited(): readonly string[] {
    return [...this.#visited];
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
    let top = target.url();
    this.visit(top);
    session.on("Page.frameNavigated", ({ frame }) => {
      if (frame.parentId === undefined) top = frame.url;
      // A frame of another site has a storage of its own below this page, which is not taken.
      if (isOfSite(frame.url, top)) this.visit(frame.url);
    });
    session.send("Page.enable").catch(() => {}); // It may be gone again.
  }

  /** Notes that a page has been at that address, where it is of an origin that can store. */
  visit(url: string): void {
    if (!/^https?:/.test(url) || !URL.canParse(url)) return;
    const { origin } = new URL(url);
    if (this.know(origin)) this.#visited.add(origin);
  }

  /** Notes an origin that may store something. @returns whether there was room for it */
  know(origin: string): boolean {
    if (this.#origins.has(origin)) return true;
    if (this.#origins.size >= ORIGINS_MAX) {
      this.#missed++;
      return false;
    }
    this.#origins.add(origin);
    return true;
  }
}

/**
 * Whether two addresses are of one site, about: by the last two words of their hosts. Where that is
 * too wide, as below co.uk, an origin is looked at in vain.
 */
function isOfSite(url: string, other: string): boolean {
  const siteOf = (text: string) => {
    const { hostname } = URL.canParse(text) ? new URL(text) : { hostname: "" };
    return /^[\d.]+$|:/.test(hostname) ? hostname : hostname.split(".").slice(-2).join(".");
  };
  return url === other || siteOf(url) === siteOf(other);
}
