/// <reference lib="dom" />
/** A click that meets the element it is meant for, or nothing. */
import type { MouseButton } from "puppeteer-core";
import type { Target } from "../../protocol/target.ts";
import type { ActionContext } from "../action_runner.ts";
import type { PageElement } from "../page_element.ts";
import { plain } from "../plain.ts";
import { whenFound } from "./element.ts";
import type { Point } from "./in_page.ts";
import { withKeysHeld } from "./keys.ts";
import { reach } from "./reach.ts";
import { withDialogItStarts } from "./started.ts";
import { targetName } from "./target.ts";

/** Where in the element, and how. */
export interface ClickSettings {
  /** From the element's upper left corner; left out: its centre. */
  readonly position?: Point | undefined;
  readonly button?: MouseButton;
  readonly count?: number;
  /** Keys that are held meanwhile. */
  readonly modifiers?: readonly string[];
}

/**
 * Clicks the element once it is ready. A page may move it between the look and the click: what is
 * there instead does not hear of the click, and the element is looked for again. The caller
 * disposes it.
 *
 * @throws {ViperError} as {@linkcode reach}
 */
export async function clickElement(
  target: Target,
  context: ActionContext,
  { position, modifiers = [], ...options }: ClickSettings = {},
): Promise<PageElement> {
  const { page, deadline } = context;
  return await whenFound(targetName(target), context, async () => {
    const { element, point: { x, y } } = await reach(target, context, position ?? null);
    using held = new DisposableStack();
    held.use(element);
    let met: string | null = null;
    const act = async () => {
      await deadline.race("the page to take the pointer", page.mouse.move(x, y));
      await element.call(guardClick);
      await deadline.race("the page to take the click", page.mouse.click(x, y, options));
      // A page that goes away has taken the click.
      met = await element.call(metInstead).catch(() => {
        deadline.signal.throwIfAborted();
        return null;
      });
    };
    await withKeysHeld(modifiers, context, () => withDialogItStarts(context, act));
    if (met !== null) return { state: "blocked", reason: `it moved, and ${met} is in its place` };
    held.move();
    return { state: "found", value: element };
  });
}

/** What {@linkcode guardClick} leaves in our world, where an element's id is no symbol. */
interface Guarded {
  [guard: symbol]: { met: string | null; readonly stop: () => void } | undefined;
}

/**
 * Runs in the page: keeps the next click from whatever else than the element it meets first. It
 * ends with {@linkcode metInstead}, and after a while, should nobody ask.
 */
function guardClick(element: Element): void {
  const LONGEST_MS = 10_000;
  const { timeStamp: beganMs } = new Event("guard");
  const world = globalThis as Guarded;
  const key = Symbol.for("viper.guard");
  world[key]?.stop();
  const kinds = [
    ...["pointerdown", "mousedown", "pointerup", "mouseup"],
    ...["click", "auxclick", "dblclick", "contextmenu"],
  ];
  let isDecided = false;
  const onEvent = (event: Event) => {
    if (!event.isTrusted) return;
    if (event.timeStamp - beganMs > LONGEST_MS) return stop();
    const path = event.composedPath();
    if (!isDecided) {
      isDecided = true;
      const isMeant = path.some((node) =>
        node === element || node instanceof HTMLLabelElement && node.control === element
      );
      const [first] = path;
      if (!isMeant) {
        guard.met = first instanceof Element ? `<${plain(first).localName}>` : "the page";
      }
    }
    if (guard.met === null) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  const stop = () => {
    for (const kind of kinds) removeEventListener(kind, onEvent, true);
    world[key] = undefined;
  };
  const guard: NonNullable<Guarded[symbol]> = { met: null, stop };
  world[key] = guard;
  for (const kind of kinds) addEventListener(kind, onEvent, { capture: true, passive: false });
}

/** Runs in the page: what the click met that was not the element; `null` when there was nothing. */
function metInstead(): string | null {
  const guard = (globalThis as Guarded)[Symbol.for("viper.guard")];
  guard?.stop();
  return guard?.met ?? null;
}
