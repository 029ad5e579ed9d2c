import type { browserSnapshot } from "../../protocol/look.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import type { ActionContext } from "../action_runner.ts";
import { type FoldedTree, foldTree } from "./accessibility_tree.ts";
import { readTrees } from "./frame_trees.ts";
import { diffLines } from "./line_diff.ts";
import { changed, found, holds, partOf, tokensOf, written } from "./snapshot_parts.ts";
import { linesOf } from "./text_snapshot.ts";

type Input = ParsedOf<typeof browserSnapshot>;

/** Nodes that are read for a text, of which a part is told. */
export const TEXT_NODES_MAX = 100_000;
/** Nodes that a tree has when nobody asks for another number. */
const TREE_NODES = 5_000;

/** Reads the page's accessibility tree. */
export async function snapshot(
  input: Input,
  context: ActionContext,
): Promise<OutputOf<typeof browserSnapshot>> {
  const { page, deadline } = context;
  const trees = await readTrees(context);
  const title = await deadline.race("the page's title", page.title());
  const isText = input.format === "text";
  const nodesMax = input.max_nodes ?? (isText ? TEXT_NODES_MAX : TREE_NODES);
  const tree = foldTree(trees, nodesMax);
  const { node_count, truncated } = tree;
  const facts = { url: page.url(), title, node_count, truncated };
  return isText
    ? { ...facts, ...asText(tree, nodesMax, input, context) }
    : { ...facts, root: tree.root };
}

/** What of the tree is told as text: changes, what was searched, or a part of all. */
function asText(
  { root, truncated }: FoldedTree,
  nodesMax: number,
  input: Input,
  { memory }: ActionContext,
) {
  const { search } = input;
  const lines = linesOf(root);
  const all = lines.map(written);
  const changes = input.diff ? changesSince(memory.lines, all) : null;
  // Who searches has not seen the rest, of which a difference would be told.
  if (search === undefined) memory.lines = all;
  const asked = search === undefined ? all : found(lines, search).map(written);
  const chosen = changes?.filter((line) => search === undefined || holds(line, search)) ?? asked;
  const told = [
    ...chosen.length > 0 ? chosen : [nothingTold(search, changes !== null)],
    ...truncated ? [cutAt(nodesMax)] : [],
  ];
  const part = partOf(told, input.part, input.tokens_max);
  return { ...part, tokens: tokensOf(part.text), is_diff: changes !== null };
}

/** An empty answer would leave a model to guess whether the page or the answer is at fault. */
function nothingTold(search: string | undefined, isDiff: boolean): string {
  if (search !== undefined) {
    return `… no line${isDiff ? " that changed" : ""} holds ${JSON.stringify(search)}`;
  }
  return isDiff ? "… nothing has changed" : "… there is nothing on the page";
}

function cutAt(nodesMax: number): string {
  return `… the page has more than ${nodesMax} nodes, and what comes after them is not here: ` +
    "read it with browser.get_text or browser.scrape";
}

/** `null` when there is nothing to compare with, or all is told in fewer words than its changes. */
function changesSince(before: readonly string[] | null, all: readonly string[]): string[] | null {
  if (before === null) return null;
  const changes = changed(diffLines(before, all));
  return tokensOf(changes.join("\n")) > tokensOf(all.join("\n")) ? null : changes;
}
