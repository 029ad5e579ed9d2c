import type { Protocol } from "puppeteer-core";
import type { browserDrag } from "../../protocol/act.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import type { ActionContext } from "../action_runner.ts";
import { reach } from "./reach.ts";
import { withDialogItStarts } from "./started.ts";

/** Moves of the pointer on its way; pages that follow it want more than one. */
const STEPS = 5;
/** A pointer that moved less has not begun to drag. */
const START_PIXELS = 8;

/**
 * Presses on the element, moves to the other one and lets go. Where the page has made the element
 * draggable Chrome hands the drag over to us, and we tell the page of it.
 */
export async function drag(
  { to, ...target }: ParsedOf<typeof browserDrag>,
  context: ActionContext,
): Promise<OutputOf<typeof browserDrag>> {
  const { page, cdp, deadline } = context;
  const { mouse } = page;
  const race = <T>(work: Promise<T>) => deadline.race("the page to take the pointer", work);
  const from = await reach(target, context);
  using _from = from.element;
  const { x, y } = from.point;
  await race(cdp.send("Input.setInterceptDrags", { enabled: true }));
  let data: Protocol.Input.DragData | undefined;
  const onDrag = (event: Protocol.Input.DragInterceptedEvent) => data = event.data;
  cdp.on("Input.dragIntercepted", onDrag);
  try {
    await race(mouse.move(x, y));
    await race(mouse.down());
    await race(mouse.move(x + START_PIXELS, y + START_PIXELS, { steps: 2 }));
    // What the pointer is to be let go on may only be there, or move, while something is dragged.
    const over = await reach(to, context);
    using _over = over.element;
    const at = over.point;
    await withDialogItStarts(context, async () => {
      await race(mouse.move(at.x, at.y, { steps: STEPS }));
      if (data !== undefined) {
        for (const type of ["dragEnter", "dragOver", "drop"] as const) {
          await race(cdp.send("Input.dispatchDragEvent", { type, ...at, data }));
        }
      }
      await race(mouse.up());
    });
  } catch (error) {
    mouse.up().catch(() => {}); // Else the next action would go on dragging.
    throw error;
  } finally {
    cdp.off("Input.dragIntercepted", onDrag);
    cdp.send("Input.setInterceptDrags", { enabled: false }).catch(() => {});
  }
  return { status: "ok" };
}
