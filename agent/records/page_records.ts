/** The records of all pages that stand, from the first thing that each of them does. */
import type { CDPSession, Protocol, Target } from "puppeteer-core";
import { recordConsole } from "./console_recorder.ts";
import { PageRecord } from "./page_record.ts";
import { RequestRecorder } from "./request_recorder.ts";

/** Pages, frames of other origins, and workers can be recorded. */
const RECORDED = ["page", "iframe", "worker", "shared_worker"];

/** What puppeteer has no public words for; the version is pinned. */
type AttachedSession = CDPSession & {
  parentSession(): AttachedSession | undefined;
  target(): AttachedTarget;
};
/** A target with what puppeteer leaves out of its types. */
export type AttachedTarget = Target & {
  readonly _targetId: string;
  _session(): AttachedSession | undefined;
  _getTargetInfo(): Protocol.Target.TargetInfo;
};

/** The session by which puppeteer is attached to a target, and the page that it belongs to. */
export function ownerOf(target: AttachedTarget): {
  readonly session: CDPSession | undefined;
  readonly pageId: string | undefined;
} {
  const session = target._session();
  let owner: AttachedTarget | undefined = target;
  while (owner !== undefined && owner.type() !== "page") {
    const own = owner._session();
    const parent: AttachedSession | undefined = own?.parentSession();
    // A session that nothing is above of says that it is its own parent.
    owner = parent === own ? undefined : parent?.target();
  }
  return { session, pageId: owner?._targetId };
}

/**
 * Is told of each target while it still waits for the debugger, so that nothing is missed: what is
 * sent here reaches the target before it is let go.
 */
export class PageRecords {
  readonly #now: () => Date;
  readonly #byTarget = new Map<string, PageRecord>();

  constructor(now: () => Date) {
    this.#now = now;
  }

  /** To be called in the turn in which puppeteer is attached. */
  onTarget(target: Target): void {
    const { session, pageId } = ownerOf(target as AttachedTarget);
    if (session === undefined || pageId === undefined) return;
    if (!RECORDED.includes(target.type())) return;
    const record = this.of(pageId);
    recordConsole(session, record);
    new RequestRecorder(session, record);
    enable(session);
  }

  /** The record of a page; a new one, if there is none yet. */
  of(targetId: string): PageRecord {
    const known = this.#byTarget.get(targetId);
    if (known !== undefined) return known;
    const record = new PageRecord(this.#now);
    this.#byTarget.set(targetId, record);
    return record;
  }

  forget(targetId: string): void {
    this.#byTarget.delete(targetId);
  }
}

/** Answers are not waited for: while the target waits for the debugger, some do not come. */
function enable(session: CDPSession): void {
  const ignore = () => {}; // A worker has no log, and any target may be gone.
  session.send("Network.enable").catch(ignore);
  session.send("Runtime.enable").catch(ignore);
  session.send("Log.enable").catch(ignore);
}
