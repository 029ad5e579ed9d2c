/**
 * A page beside those of the user, where what an origin stores is reached without asking its site.
 * It is in no list, no action goes to it and nothing of it is recorded. DevTools clients see it come
 * and go.
 *
 * @module
 */
import type { Browser, CDPSession } from "puppeteer-core";
import { ASIDE_URL } from "./aside_url.ts";
import type { Deadline } from "./deadline.ts";
import type { PageFrame } from "./frames.ts";
import { callInFrame } from "./world.ts";

/** Pages of our own at once: each origin has Chrome start a process, which takes a while. */
export const ASIDES_MAX = 4;
const WAITING_FOR = "a page of its own";

/** A page of our own. */
export class Aside implements AsyncDisposable {
  readonly #root: CDPSession;
  readonly #cdp: CDPSession;
  readonly #targetId: string;

  private constructor(root: CDPSession, cdp: CDPSession, targetId: string) {
    this.#root = root;
    this.#cdp = cdp;
    this.#targetId = targetId;
  }

  /** `root` reaches the browser. */
  static async open(root: CDPSession, deadline: Deadline): Promise<Aside> {
    await using undo = new AsyncDisposableStack();
    const making = root.send("Target.createTarget", { url: ASIDE_URL, background: true });
    undo.defer(() => making.then(({ targetId }) => closeTarget(root, targetId), () => {}));
    const { targetId } = await deadline.race(WAITING_FOR, making);
    const attaching = root.send("Target.attachToTarget", { targetId, flatten: true });
    const { sessionId } = await deadline.race(WAITING_FOR, attaching);
    const cdp = root.connection()?.session(sessionId);
    if (!cdp) throw new Error("Cannot reach a page that was just made");
    cdp.on(
      "Fetch.requestPaused",
      ({ requestId, resourceType }) => answer(cdp, requestId, resourceType),
    );
    // A service worker of the site would come before us.
    await deadline.race(WAITING_FOR, cdp.send("Network.enable"));
    await deadline.race(WAITING_FOR, cdp.send("Network.setBypassServiceWorker", { bypass: true }));
    await deadline.race(WAITING_FOR, cdp.send("Fetch.enable", { patterns: [{ urlPattern: "*" }] }));
    undo.move();
    return new Aside(root, cdp, targetId);
  }

  /** A frame of that origin; `null` when Chrome leads elsewhere, as from HTTP to HTTPS by HSTS. */
  async frameOf(origin: string, deadline: Deadline): Promise<PageFrame | null> {
    const going = this.#cdp.send("Page.navigate", { url: `${origin}/` });
    const { errorText } = await deadline.race(WAITING_FOR, going);
    if (errorText !== undefined) return null;
    const frame: PageFrame = { frameId: this.#targetId, cdp: this.#cdp, parent: null };
    const reached = await callInFrame(frame, deadline, () => self.origin);
    return reached === origin ? frame : null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await closeTarget(this.#root, this.#targetId);
  }
}

/**
 * Does the job for each item, a few at a time, each time with a page of its own.
 *
 * @throws what the first job throws that fails; no further ones are begun then
 */
export async function withAsides<Item>(
  browser: Browser,
  deadline: Deadline,
  items: readonly Item[],
  job: (item: Item, aside: Aside) => Promise<void>,
): Promise<void> {
  const left = items.values();
  if (items.length === 0) return;
  const root = await deadline.race(WAITING_FOR, browser.target().createCDPSession());
  await using undo = new AsyncDisposableStack();
  undo.defer(() => root.detach().catch(() => {})); // Chrome may be gone.
  let hasFailed = false;
  const work = async () => {
    await using aside = await Aside.open(root, deadline);
    for (const item of left) {
      if (hasFailed) return;
      await job(item, aside);
    }
  };
  const workers = Array.from({ length: Math.min(ASIDES_MAX, items.length) }, work);
  const ends = await Promise.allSettled(
    workers.map((worker) =>
      worker.catch((error) => {
        hasFailed = true;
        throw error;
      })
    ),
  );
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}

/** An empty document, and nothing else. */
function answer(cdp: CDPSession, requestId: string, resourceType: string): void {
  const answering = resourceType === "Document"
    ? cdp.send("Fetch.fulfillRequest", {
      requestId,
      responseCode: 200,
      responseHeaders: [{ name: "content-type", value: "text/html" }],
      body: "",
    })
    : cdp.send("Fetch.failRequest", { requestId, errorReason: "BlockedByClient" });
  answering.catch(() => {}); // The page may be gone.
}

async function closeTarget(root: CDPSession, targetId: string): Promise<void> {
  await root.send("Target.closeTarget", { targetId }).catch(() => {}); // It may be gone.
}
