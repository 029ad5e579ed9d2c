/**
 * Pages, their frames and workers over a DevTools connection of the agent's own.
 *
 * Puppeteer reaches pages by way of their tabs, and then Chrome does not hold the first request of
 * a page that opens without an opener. A connection that is attached to pages themselves has it
 * held, and its sessions are free of what puppeteer does with its own.
 *
 * @module
 */
import type { CDPSession, Connection, Protocol } from "puppeteer-core";
import { ASIDE_URL } from "../aside_url.ts";

/** What can be told to a target depends on it. */
export type TargetKind = "page" | "frame" | "worker";

/** A target that was told, and is to be told of changes. */
export interface OwnTarget {
  readonly kind: TargetKind;
  readonly session: CDPSession;
  /** Left out of shared and service workers, which belong to no page. */
  readonly pageId: string | undefined;
}

const KINDS: Readonly<Record<string, TargetKind>> = {
  page: "page",
  iframe: "frame",
  worker: "worker",
  shared_worker: "worker",
  service_worker: "worker",
};

const HOLDING = { autoAttach: true, waitForDebuggerOnStart: true, flatten: true };
/** Service workers come with the browser; those of a page would come twice. */
const WITHIN_A_PAGE = [
  ...["browser", "tab", "service_worker"].map((type) => ({ type, exclude: true })),
  {},
];

const PAGES = [{ type: "page" }];

/** Sends to a target, in the same turn, what it is to be told before it runs. */
export type Tell = (target: OwnTarget) => Promise<unknown>;

/** Whether a page stands still, and so answers only later. */
export type IsHeld = (pageId: string | undefined) => boolean;

/** The targets of Chrome's first browser context; those of others are their clients' own. */
export class OwnTargets {
  readonly #connection: Connection;
  readonly #contextId: string | undefined;
  readonly #isHeld: IsHeld;
  readonly #tell: Tell;
  readonly #known = new Map<string, OwnTarget>();
  readonly #coming = new Set<Promise<void>>();

  private constructor(
    connection: Connection,
    contextId: string | undefined,
    isHeld: IsHeld,
    tell: Tell,
  ) {
    this.#connection = connection;
    this.#contextId = contextId;
    this.#isHeld = isHeld;
    this.#tell = tell;
  }

  /** Resolves when all targets that stand were told, but for those that are held. */
  static async watch(
    connection: Connection,
    isHeld: IsHeld,
    tell: Tell,
  ): Promise<OwnTargets> {
    const { defaultBrowserContextId } = await connection.send("Target.getBrowserContexts");
    const targets = new OwnTargets(connection, defaultBrowserContextId, isHeld, tell);
    targets.#listen(connection, undefined);
    connection.on("Target.targetInfoChanged", ({ targetInfo }) => targets.#onChanged(targetInfo));
    await connection.send("Target.setDiscoverTargets", { discover: true, filter: PAGES });
    await connection.send("Target.setAutoAttach", HOLDING);
    while (targets.#coming.size > 0) await Promise.all(targets.#coming);
    return targets;
  }

  /** All, or those of one page. */
  list(pageId: string | undefined): OwnTarget[] {
    return [...this.#known.values()]
      .filter((target) => pageId === undefined || target.pageId === pageId);
  }

  #listen(source: Connection | CDPSession, parent: OwnTarget | undefined): void {
    source.on("Target.attachedToTarget", (event) => this.#onAttached(event, parent));
    source.on("Target.detachedFromTarget", ({ sessionId }) => this.#known.delete(sessionId));
  }

  /** A page aside, whose URL comes later, has answers of its own for whatever it asks. */
  #onChanged({ targetId, url }: Protocol.Target.TargetInfo): void {
    if (url !== ASIDE_URL) return;
    for (const { session } of this.list(targetId)) session.detach().catch(() => {}); // Or gone.
  }

  #onAttached(
    { sessionId, targetInfo }: Protocol.Target.AttachedToTargetEvent,
    parent: OwnTarget | undefined,
  ): void {
    const session = this.#connection.session(sessionId);
    if (session === null) return;
    const { type, targetId, browserContextId } = targetInfo;
    const kind = KINDS[type];
    const isOurs = browserContextId === this.#contextId;
    const pageId = kind === "page" ? targetId : parent?.pageId;
    const work: Promise<unknown>[] = [];
    if (isOurs && kind !== undefined) {
      const target = { kind, session, pageId };
      this.#known.set(sessionId, target);
      this.#listen(session, target);
      work.push(this.#tell(target));
      work.push(session.send("Target.setAutoAttach", { ...HOLDING, filter: WITHIN_A_PAGE }));
    }
    work.push(session.send("Runtime.runIfWaitingForDebugger"));
    if (!isOurs) work.push(session.detach());
    // A target may be gone at any time, and workers lack some of it.
    const coming = Promise.allSettled(work).then(() => void this.#coming.delete(coming));
    if (!this.#isHeld(pageId)) this.#coming.add(coming);
  }
}
