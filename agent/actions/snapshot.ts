import type { browserSnapshot } from "../../protocol/look.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import type { ActionContext } from "../action_runner.ts";
import { foldTree } from "./accessibility_tree.ts";

/** Reads the page's accessibility tree. */
export async function snapshot(
  { max_nodes }: ParsedOf<typeof browserSnapshot>,
  { page, cdp, deadline }: ActionContext,
): Promise<OutputOf<typeof browserSnapshot>> {
  const { nodes } = await deadline.race(
    "the page's accessibility tree",
    cdp.send("Accessibility.getFullAXTree"),
  );
  const title = await deadline.race("the page's title", page.title());
  return { url: page.url(), title, ...foldTree(nodes, max_nodes) };
}
