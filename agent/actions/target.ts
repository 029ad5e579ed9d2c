/** From a target, as a caller names it, to the element in the page. */
import type { Protocol } from "puppeteer-core";
import { ViperError } from "../../protocol/problems.ts";
import type { Target } from "../../protocol/target.ts";
import type { ActionContext } from "../action_runner.ts";
import { framesOf, type PageFrame } from "../frames.ts";
import { PageElement } from "../page_element.ts";
import { plain } from "../plain.ts";
import { quote } from "../quote.ts";
import { findInFrame, PageMovedOn } from "../world.ts";
import { whenFound } from "./element.ts";
import type { Look } from "./in_page.ts";
import { locateDocument, locateSelector, locateText } from "./locate.ts";
import { whileDrawn } from "./while_drawn.ts";

type AxNode = Protocol.Accessibility.AXNode;

/** How messages name the target: `"#ok"`, `e12`, `the text "Save"`. */
export function targetName({ selector, ref, text, role, role_name }: Target): string {
  if (ref !== undefined) return ref;
  if (text !== undefined) return `the text ${quote(text)}`;
  if (role === undefined) return quote(selector ?? "html");
  return role_name === undefined ? `the role ${role}` : `the ${role} ${quote(role_name)}`;
}

/**
 * Waits for the element, then calls a self-contained function on it, in the page, until that finds
 * what it looks for. The caller disposes the element.
 *
 * @throws {ViperError} `ref_not_found` and `selector_invalid` at once; when the time is over
 * `element_not_found` or `element_not_actionable` by what was seen last, or `timeout`
 */
export async function onTarget<Args extends readonly unknown[], T>(
  target: Target,
  context: ActionContext,
  fn: (element: Element, ...args: Args) => Look<T> | Promise<Look<T>>,
  ...args: Args
): Promise<{ readonly element: PageElement; readonly value: T }> {
  return await whenFound(targetName(target), context, async () => {
    const found = await findTarget(target, context);
    if (found.state !== "found") return found;
    using held = new DisposableStack();
    held.use(found.value);
    const look = await found.value.call(fn, ...args);
    if (look.state !== "found") return look;
    held.move();
    return { state: "found", value: { element: found.value, value: look.value } };
  });
}

/** Waits for the element, whatever its state. The caller disposes it. */
export async function elementOf(target: Target, context: ActionContext): Promise<PageElement> {
  return await whenFound(targetName(target), context, () => findTarget(target, context));
}

/** Looks once: in the main frame first, then in the frames inside it. */
export async function findTarget(
  target: Target,
  context: ActionContext,
): Promise<Look<PageElement>> {
  const { page, cdp, deadline } = context;
  if (target.ref !== undefined) return await byRef(target.ref, context);
  for (const frame of framesOf(page, cdp)) {
    try {
      const element = await inFrame(target, frame, context);
      if (element !== null) return { state: "found", value: element };
    } catch (error) {
      deadline.signal.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      if (/is not a valid selector/.test(reason)) {
        return { state: "invalid", reason: reason.split("\n")[0]?.replace(/^\w+: /, "") ?? "" };
      }
      // A frame inside may go away at any time; the page's own is what the caller waits for.
      if (!(error instanceof PageMovedOn) || frame.parent === null) throw error;
    }
  }
  return { state: "absent" };
}

async function byRef(ref: string, context: ActionContext): Promise<Look<PageElement>> {
  const { page, cdp, refs, deadline } = context;
  const gone = (reason: string) =>
    new ViperError("ref_not_found", `Cannot ${deadline.action}: ${reason}`);
  const place = refs.placeOf(ref);
  if (place === undefined) throw gone(`no snapshot of this page names ${ref}`);
  const frame = framesOf(page, cdp).find(({ frameId }) => frameId === place.frameId);
  if (frame?.cdp.id() !== place.sessionId) throw gone(`the frame of ${ref} is gone`);
  const element = await PageElement.ofNode(frame, place.backendNodeId, deadline);
  if (element === null) throw gone(`the element of ${ref} is gone`);
  if (await element.call((element) => plain(element).isConnected)) {
    return { state: "found", value: element };
  }
  element[Symbol.dispose]();
  throw gone(`the element of ${ref} is gone`);
}

async function inFrame(
  { selector, text, role, role_name }: Target,
  frame: PageFrame,
  { deadline }: ActionContext,
): Promise<PageElement | null> {
  if (role !== undefined) return await byRole(role, role_name, frame, deadline);
  const objectId = text === undefined
    ? await findInFrame(frame, deadline, locateSelector, selector ?? "html")
    : await findInFrame(frame, deadline, locateText, text);
  return objectId === null ? null : new PageElement(frame, objectId, deadline);
}

/** By Chrome's own reckoning of roles and names; a whole name comes before a part of one. */
async function byRole(
  role: string,
  name: string | undefined,
  frame: PageFrame,
  deadline: ActionContext["deadline"],
): Promise<PageElement | null> {
  const documentId = await findInFrame(frame, deadline, locateDocument);
  if (documentId === null) return null;
  using _document = new PageElement(frame, documentId, deadline);
  const query = async () => {
    const { nodes } = await deadline.race(
      "the page's accessibility tree",
      frame.cdp.send("Accessibility.queryAXTree", { objectId: documentId, role }),
    );
    return bestNamed(nodes.filter(({ ignored }) => !ignored), name);
  };
  const onScreen = await query();
  // What is not drawn is not in the tree.
  const best = onScreen.isWhole
    ? onScreen
    : await whileDrawn(frame, deadline, (isMore) => isMore ? query() : Promise.resolve(onScreen));
  if (best.node?.backendDOMNodeId === undefined) return null;
  return await PageElement.ofNode(frame, best.node.backendDOMNodeId, deadline);
}

/** Of nodes in their order, the one that is meant, and whether none can be meant more. */
function bestNamed(nodes: readonly AxNode[], name: string | undefined) {
  if (name === undefined) return { node: nodes[0], isWhole: nodes.length > 0 };
  const wanted = folded(name);
  const whole = nodes.find((node) => folded(nameOf(node)) === wanted);
  if (whole !== undefined) return { node: whole, isWhole: true };
  return { node: nodes.find((node) => folded(nameOf(node)).includes(wanted)), isWhole: false };
}

function nameOf(node: AxNode): string {
  return String(node.name?.value ?? "");
}

function folded(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim().toLowerCase();
}
