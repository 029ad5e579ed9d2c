/** The Markdown of frames, as quotations in that of the page. */
import type { ActionContext } from "../action_runner.ts";
import type { PageFrame } from "../frames.ts";
import { PageElement } from "../page_element.ts";
import { findInFrame } from "../world.ts";
import type { Look } from "./in_page.ts";
import { FRAMES_DEPTH_MAX, type Hanging, notedFrames, readFrame } from "./inner_frames.ts";
import { locateSelector } from "./locate.ts";
import type { Markdown, MarkdownOptions } from "./to_markdown.ts";

/** What the function in the page is, with its libraries. */
export type InPage = (root: Element, options: MarkdownOptions) => Look<Markdown>;

/**
 * Puts what the frames show in the place of the page's marks for them: each as a quotation that
 * begins with the frame's address.
 */
export async function withFrames(
  told: Markdown,
  frame: PageFrame,
  context: ActionContext,
  inPage: InPage,
  options: MarkdownOptions,
): Promise<Markdown> {
  const hanging: Hanging = new Set();
  const fill = async (outer: Markdown, frame: PageFrame, depth: number): Promise<Markdown> => {
    if (outer.frames === 0) return outer;
    let { isCut } = outer;
    const quotations = new Map<number, string>();
    let length = outer.text.length;
    for (const { at, inner } of await notedFrames(frame, hanging, context)) {
      // It may not be of the main part, or behind the end.
      if (!outer.text.includes(`${outer.mark}${at}x`)) continue;
      if (depth === FRAMES_DEPTH_MAX || length > options.lengthMax) {
        isCut = true;
        break;
      }
      const own = await readFrame(inner, hanging, context, async (bound) => {
        const objectId = await findInFrame(inner, bound, locateSelector, ":root");
        if (objectId === null) return null;
        using root = new PageElement(inner, objectId, bound);
        const look = await root.call(inPage, { ...options, mainOnly: false });
        return look.state === "found" ? look.value : null;
      });
      if (own === null) continue;
      const whole = await fill(own, inner, depth + 1);
      isCut ||= whole.isCut;
      quotations.set(at, quoted(whole));
      length += whole.text.length;
    }
    return { ...outer, text: spliced(outer.text, outer.mark, quotations), isCut };
  };
  const whole = await fill(told, frame, 0);
  return cut(whole, told.length - told.text.length, options.lengthMax);
}

function quoted({ url, text }: Markdown): string {
  const lines = [`Frame <${url}>`, ...text === "" ? [] : ["", ...text.split("\n")]];
  return lines.map((line) => line === "" ? ">" : `> ${line}`).join("\n");
}

/**
 * In place of marks that stand on lines of their own; behind the text where they do not. What a frame
 * shows is not looked through for marks.
 */
function spliced(text: string, mark: string, quotations: ReadonlyMap<number, string>): string {
  const marks = new RegExp(
    `^([ \\t]*(?:(?:>|[-*+]|\\d+\\.)[ \\t]+)*)${mark}(\\d+)x[ \\t]*$(\\n*)|${mark}(\\d+)x`,
    "gm",
  );
  const behind: string[] = [];
  const filled = text.replaceAll(marks, (_, before = "", own, after = "", inLine) => {
    const quotation = quotations.get(Number(own ?? inLine));
    if (inLine !== undefined) behind.push(quotation ?? "");
    if (quotation === undefined || inLine !== undefined) return before.trimStart();
    const further = before.replaceAll(/[^ \t>]/g, " ");
    const lines = quotation.split("\n").map((line, at) => (at === 0 ? before : further) + line);
    return lines.join("\n") + after;
  });
  return [filled.trimEnd(), ...behind.filter((quotation) => quotation !== "")].join("\n\n");
}

/** Cut at the end of a line where there is one; `unread` characters were never here. */
function cut(told: Markdown, unread: number, lengthMax: number): Markdown {
  const { text } = told;
  const length = text.length + unread;
  if (text.length <= lengthMax) return { ...told, length };
  const end = text.lastIndexOf("\n", lengthMax);
  return { ...told, text: text.slice(0, end > 0 ? end : lengthMax), length, isCut: true };
}
