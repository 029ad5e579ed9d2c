/** Chrome's accessibility trees of a page: that of its own frame, and those of the frames in it. */
import type { Protocol } from "puppeteer-core";
import type { ActionContext } from "../action_runner.ts";
import { framesOf, type PageFrame } from "../frames.ts";
import type { FrameTree } from "./accessibility_tree.ts";
import { whileDrawn } from "./while_drawn.ts";

type AxNode = Protocol.Accessibility.AXNode;

const WAITING_FOR = "the page's accessibility tree";

/** Milliseconds for a frame of another site to answer; a page is told without one that hangs. */
export const FRAME_TIMEOUT_MS = 3_000;

/** The page's tree, whole: with what is in frames, and what would be drawn on scrolling there. */
export async function readTrees(context: ActionContext): Promise<FrameTree> {
  const [main, ...inner] = framesOf(context.page, context.cdp);
  if (main === undefined) return { nodes: [] };
  const own = await readTree(main, context);
  const frames = new Map<string, FrameTree>([[main.frameId, own]]);
  const hanging = new Set<PageFrame["cdp"]>();
  for (const frame of inner) {
    const parent = frames.get(frame.parent?.frameId ?? "");
    // A frame within one that is not shown is not shown either.
    if (parent === undefined || hanging.has(frame.cdp)) continue;
    try {
      const owner = await ownerOf(frame, context);
      const isShown = parent.nodes.some(({ backendDOMNodeId, ignored }) =>
        backendDOMNodeId === owner && !ignored
      );
      if (!isShown) continue;
      const tree = await readInner(frame, context);
      if (tree === null) {
        hanging.add(frame.cdp);
        continue;
      }
      frames.set(frame.frameId, tree);
      (parent.frames as Map<number, FrameTree>).set(owner, tree);
    } catch (error) {
      context.deadline.signal.throwIfAborted();
      // Frames come and go by themselves; what is left of the page is told all the same.
      if (!(error instanceof Error)) throw error;
    }
  }
  return own;
}

/** `null` when it does not answer in time. */
async function readInner(frame: PageFrame, context: ActionContext): Promise<FrameTree | null> {
  const { clock } = context.deadline;
  const read = new AbortController();
  const timeout = clock.sleep(FRAME_TIMEOUT_MS, read.signal).then(() => null);
  try {
    return await Promise.race([readTree(frame, context), timeout]);
  } finally {
    read.abort();
  }
}

async function readTree(frame: PageFrame, { deadline, refs }: ActionContext): Promise<FrameTree> {
  const { frameId, cdp } = frame;
  const { nodes } = await whileDrawn(frame, deadline, () =>
    deadline.race(
      WAITING_FOR,
      cdp.send("Accessibility.getFullAXTree", frame.parent === null ? {} : { frameId }),
    ));
  const sessionId = cdp.id();
  const refOf = ({ backendDOMNodeId: backendNodeId }: AxNode) =>
    backendNodeId === undefined ? undefined : refs.nameOf({ frameId, sessionId, backendNodeId });
  return { nodes, refOf, frames: new Map() };
}

async function ownerOf(frame: PageFrame, { deadline }: ActionContext): Promise<number> {
  const { backendNodeId } = await deadline.race(
    WAITING_FOR,
    (frame.parent ?? frame).cdp.send("DOM.getFrameOwner", { frameId: frame.frameId }),
  );
  return backendNodeId;
}
