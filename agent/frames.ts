/** The frames of a page, and how DevTools reach each. */
import type { CDPSession, Frame, Page } from "puppeteer-core";

/** Frames of a page that are looked into; ads and trackers come by the dozen. */
export const FRAMES_MAX = 200;

/** One frame with the session that answers for it. */
export interface PageFrame {
  readonly frameId: string;
  readonly cdp: CDPSession;
  readonly parent: PageFrame | null;
}

/** What puppeteer knows of a frame and leaves out of its types; the version is pinned. */
interface FrameInternals {
  readonly _id: string;
  readonly client: CDPSession;
}

/**
 * All frames, parents before children. A frame of another site runs in another process and has a
 * session of its own.
 */
export function framesOf(page: Page, cdp: CDPSession): PageFrame[] {
  const main = page.mainFrame();
  const mainClient = internals(main).client;
  const frames: PageFrame[] = [];
  const visit = (frame: Frame, parent: PageFrame | null) => {
    if (frames.length === FRAMES_MAX || frame.detached) return;
    const { _id: frameId, client } = internals(frame);
    const own = { frameId, cdp: client === mainClient ? cdp : client, parent };
    frames.push(own);
    for (const child of frame.childFrames()) visit(child, own);
  };
  visit(main, null);
  return frames;
}

/** The page's own frame. */
export function mainFrameOf(page: Page, cdp: CDPSession): PageFrame {
  return { frameId: internals(page.mainFrame())._id, cdp, parent: null };
}

/** Whether a frame is one of the page's. */
export function hasFrame(page: Page, frameId: string): boolean {
  return page.frames().some((frame) => internals(frame)._id === frameId);
}

function internals(frame: Frame): FrameInternals {
  return frame as unknown as FrameInternals;
}
