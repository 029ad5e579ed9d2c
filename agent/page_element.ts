/** One element of a page, held through DevTools. */
import type { Deadline } from "./deadline.ts";
import type { PageFrame } from "./frames.ts";
import { inPage, isMovedOn, PageMovedOn, worldOf } from "./world.ts";

/** What DevTools say of a node that is no more. */
const NODE_GONE = /No node with given id|Could not find node|does not belong to the document/i;

/** Where a frame's viewport begins in the page's, in CSS pixels. */
export interface Offset {
  readonly x: number;
  readonly y: number;
}

/** An element in any frame; calls see it from our own world. Dispose it when it is done with. */
export class PageElement implements Disposable {
  constructor(
    readonly frame: PageFrame,
    /** In the frame's session. */
    readonly objectId: string,
    readonly deadline: Deadline,
  ) {}

  /** By its id in the frame's renderer; `null` when the node is gone. */
  static async ofNode(
    frame: PageFrame,
    backendNodeId: number,
    deadline: Deadline,
  ): Promise<PageElement | null> {
    try {
      const executionContextId = await worldOf(frame, deadline);
      const { object } = await deadline.race(
        "the page to answer",
        frame.cdp.send("DOM.resolveNode", { backendNodeId, executionContextId }),
      );
      return object.objectId === undefined
        ? null
        : new PageElement(frame, object.objectId, deadline);
    } catch (error) {
      if (error instanceof Error && NODE_GONE.test(error.message)) return null;
      throw movedOn(error, deadline);
    }
  }

  /**
   * Calls a self-contained function with the element as its first argument.
   *
   * @throws {PageMovedOn} when the page navigates meanwhile, or the deadline's reason
   */
  async call<Args extends readonly unknown[], Result>(
    fn: (element: Element, ...args: Args) => Result | Promise<Result>,
    ...args: Args
  ): Promise<Result> {
    const { result, exceptionDetails } = await this.#send(
      this.frame.cdp.send("Runtime.callFunctionOn", {
        objectId: this.objectId,
        functionDeclaration: `function (...args) { return ${inPage(fn)}(this, ...args); }`,
        arguments: args.map((value) => ({ value })),
        awaitPromise: true,
        returnByValue: true,
      }),
    );
    if (exceptionDetails === undefined) return result.value as Result;
    throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  }

  /** The id by which the frame's session knows the node for good. */
  async backendNodeId(): Promise<number> {
    const { node } = await this.#send(
      this.frame.cdp.send("DOM.describeNode", { objectId: this.objectId }),
    );
    return node.backendNodeId;
  }

  /** The elements that hold the element's frame and the frames around it, innermost first. */
  async frameOwners(): Promise<PageElement[]> {
    const owners: PageElement[] = [];
    for (let { frameId, parent } = this.frame; parent !== null; { frameId, parent } = parent) {
      const { backendNodeId } = await this.#send(
        parent.cdp.send("DOM.getFrameOwner", { frameId }),
      );
      const owner = await PageElement.ofNode(parent, backendNodeId, this.deadline);
      if (owner === null) throw new PageMovedOn("The frame is gone");
      owners.push(owner);
    }
    return owners;
  }

  /** Where the element's frame begins in the page's viewport; transforms are not followed. */
  async frameOffset(): Promise<Offset> {
    let [x, y] = [0, 0];
    for (const owner of await this.frameOwners()) {
      using _owner = owner;
      const at = await owner.call(contentOrigin);
      [x, y] = [x + at.x, y + at.y];
    }
    return { x, y };
  }

  [Symbol.dispose](): void {
    this.frame.cdp.send("Runtime.releaseObject", { objectId: this.objectId }).catch(() => {});
  }

  async #send<T>(work: Promise<T>): Promise<T> {
    try {
      return await this.deadline.race("the page to answer", work);
    } catch (error) {
      throw movedOn(error, this.deadline);
    }
  }
}

/** The error as {@linkcode PageMovedOn}, where it is one; the deadline's reason comes first. */
function movedOn(error: unknown, deadline: Deadline): unknown {
  if (deadline.signal.aborted) return deadline.signal.reason;
  const gone = isMovedOn(error) || error instanceof Error && NODE_GONE.test(error.message);
  return gone ? new PageMovedOn("The page navigated away", { cause: error }) : error;
}

/** Runs in the page: where a frame element's content begins in its own frame's viewport. */
function contentOrigin(owner: Element): Offset {
  const { left, top } = owner.getBoundingClientRect();
  const style = getComputedStyle(owner);
  return {
    x: left + owner.clientLeft + parseFloat(style.paddingLeft),
    y: top + owner.clientTop + parseFloat(style.paddingTop),
  };
}
