/// <reference lib="dom" />
/** One element of a page, held through DevTools. */
import type { Point } from "./actions/in_page.ts";
import type { Deadline } from "./deadline.ts";
import type { PageFrame } from "./frames.ts";
import { inwards, outwards, type Placement, placementOf } from "./frame_map.ts";
import { callInFrame, inPage, isMovedOn, PageMovedOn, worldOf } from "./world.ts";

/** What DevTools say of a node that is no more. */
const NODE_GONE = /No node with given id|Could not find node|does not belong to the document/i;

/** From a frame to the one around it. */
export interface FrameStep {
  /** The element that holds the frame. */
  readonly owner: PageElement;
  /** From a place in the frame's viewport to the same in the owner's frame's, transforms included. */
  readonly out: (point: Point) => Point;
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

  /** Scrolls until a place, from its upper left corner, is on the screen, where that can be. */
  async scrollTo({ x, y }: Point): Promise<void> {
    const { objectId } = this;
    const rect = { x, y, width: 1, height: 1 };
    await this.#send(this.frame.cdp.send("DOM.scrollIntoViewIfNeeded", { objectId, rect }));
  }

  /** The id by which the frame's session knows the node for good. */
  async backendNodeId(): Promise<number> {
    const { node } = await this.#send(
      this.frame.cdp.send("DOM.describeNode", { objectId: this.objectId }),
    );
    return node.backendNodeId;
  }

  /** What holds the element's frame and the frames around, innermost first; the caller's own. */
  async frameOwners(): Promise<PageElement[]> {
    using held = new DisposableStack();
    const owners: PageElement[] = [];
    for (let frame = this.frame; frame.parent !== null; frame = frame.parent) {
      owners.push(held.use(await this.#ownerOf(frame, frame.parent)));
    }
    held.move();
    return owners;
  }

  /** The way out through the frames around, innermost first. The caller disposes the owners. */
  async frameSteps(): Promise<FrameStep[]> {
    using held = new DisposableStack();
    const placed: { frame: PageFrame; owner: PageElement; placement: Placement }[] = [];
    for (let frame = this.frame; frame.parent !== null; frame = frame.parent) {
      const owner = held.use(await this.#ownerOf(frame, frame.parent));
      const { model } = await this.#send(
        frame.parent.cdp.send("DOM.getBoxModel", { objectId: owner.objectId }),
      );
      const size = await callInFrame(frame, this.deadline, viewportSize);
      placed.push({ frame, owner, placement: placementOf(model.content, size) });
    }
    held.move();
    return placed.map(({ owner, placement }, index) => {
      const around = placed[index + 1];
      // Chrome tells corners in the viewport of the outermost frame of a session.
      const isOutermost = around === undefined || around.frame.cdp !== around.frame.parent?.cdp;
      const out = (point: Point) => {
        const place = outwards(placement, point);
        return isOutermost ? place : inwards(around.placement, place);
      };
      return { owner, out };
    });
  }

  async #ownerOf({ frameId }: PageFrame, parent: PageFrame): Promise<PageElement> {
    const { backendNodeId } = await this.#send(parent.cdp.send("DOM.getFrameOwner", { frameId }));
    const owner = await PageElement.ofNode(parent, backendNodeId, this.deadline);
    if (owner === null) throw new PageMovedOn("The frame is gone");
    return owner;
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

/** Runs in the page. */
function viewportSize(): Point {
  return { x: innerWidth, y: innerHeight };
}
