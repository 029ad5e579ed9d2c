import type { browserMarkdown } from "../../protocol/reading.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import { namesElement } from "../../protocol/target.ts";
import type { ActionContext } from "../action_runner.ts";
import { withLibraries } from "../page_libraries.ts";
import { withFrames } from "./frame_markdown.ts";
import { copyShown } from "./shown_copy.ts";
import { onTarget } from "./target.ts";
import { toMarkdown } from "./to_markdown.ts";

/** Elements of a page that are told, and how deep they may stand in each other. */
const NODES_MAX = 100_000;
const DEPTH_MAX = 500;

/** Tells what an element shows, or the whole page, as Markdown. */
export async function markdown(
  { main_only, max_length, ...target }: ParsedOf<typeof browserMarkdown>,
  context: ActionContext,
): Promise<OutputOf<typeof browserMarkdown>> {
  const inPage = await context.deadline.race(
    "the library for Markdown",
    withLibraries(toMarkdown, { copy: copyShown }),
  );
  const options = {
    ...{ mainOnly: main_only, lengthMax: max_length, nodesMax: NODES_MAX, depthMax: DEPTH_MAX },
  };
  const where = namesElement(target) ? target : { selector: ":root" };
  const { element, value } = await onTarget(where, context, inPage, options);
  using _element = element;
  const { text, length, isCut, isMain, title, url } = await withFrames(
    ...[value, element.frame, context, inPage, options] as const,
  );
  return { markdown: text, length, truncated: isCut, main: isMain, title, url };
}
