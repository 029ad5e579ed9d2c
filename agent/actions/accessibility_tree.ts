/** Chrome's flat list of accessibility nodes as a tree for people and models. */
import type { Protocol } from "puppeteer-core";
import type { AccessibilityNode } from "../../protocol/look.ts";

type AxNode = Protocol.Accessibility.AXNode;

/** Levels of Chrome's tree that are followed; a page nested deeper is cut there. */
export const DEPTH_MAX = 1_000;

/** Roles that say nothing by themselves: their children stand in their place. */
const WRAPPERS = new Set(["generic", "none", "presentation", "GenericContainer"]);
/** Parts of a text that its node repeats. */
const TEXT_PARTS = new Set(["InlineTextBox", "LineBreak", "ListMarker"]);

/** A folded tree, and how much of it there is. */
export interface FoldedTree {
  readonly root: AccessibilityNode;
  readonly node_count: number;
  /** Whether something was left out for its number or depth. */
  readonly truncated: boolean;
}

/**
 * Folds away ignored nodes and wrappers, and text that only repeats its parent's name; keeps the
 * first `nodesMax` nodes in document order.
 */
export function foldTree(nodes: readonly AxNode[], nodesMax: number): FoldedTree {
  const byId = new Map(nodes.map((node) => [node.nodeId, node]));
  let count = 1;
  let truncated = false;

  const fold = (parent: AxNode, into: AccessibilityNode, depth: number): void => {
    for (const id of parent.childIds ?? []) {
      const child = byId.get(id);
      if (child === undefined || TEXT_PARTS.has(roleOf(child))) continue;
      const isWrapper = child.ignored || WRAPPERS.has(roleOf(child)) && !hasName(child);
      if (depth === DEPTH_MAX || !isWrapper && count === nodesMax) {
        truncated = true;
        return;
      }
      if (isWrapper) {
        fold(child, into, depth + 1);
      } else {
        count++;
        const node = described(child);
        (into.children ??= []).push(node);
        fold(child, node, depth + 1);
      }
    }
  };

  const top = nodes.find((node) => node.parentId === undefined);
  if (top === undefined) return { root: { role: "none" }, node_count: 1, truncated };
  const root = described(top);
  fold(top, root, 0);
  return { root, node_count: count - dropRepeats(root), truncated };
}

/** Removes lone texts that repeat their parent's name; returns how many. */
function dropRepeats(node: AccessibilityNode): number {
  const [only, ...more] = node.children ?? [];
  if (only === undefined) return 0;
  const repeats = more.length === 0 && only.role === "StaticText" && only.name === node.name &&
    only.children === undefined;
  if (repeats) {
    delete node.children;
    return 1;
  }
  return (node.children ?? []).reduce((dropped, child) => dropped + dropRepeats(child), 0);
}

function roleOf(node: AxNode): string {
  return String(node.role?.value ?? "none");
}

function hasName(node: AxNode): boolean {
  return String(node.name?.value ?? "") !== "";
}

function described(node: AxNode): AccessibilityNode {
  const properties = new Map(node.properties?.map(({ name, value }) => [name, value.value]));
  const described: AccessibilityNode = { role: roleOf(node) };
  if (hasName(node)) described.name = String(node.name?.value);
  const value = node.value?.value;
  if (typeof value === "number" || typeof value === "string" && value !== "") {
    described.value = value;
  }
  const description = node.description?.value;
  if (typeof description === "string" && description !== "") described.description = description;
  const checked = properties.get("checked");
  if (checked !== undefined) described.checked = checked === "mixed" ? "mixed" : checked === "true";
  for (const flag of ["disabled", "focused", "selected"] as const) {
    if (properties.get(flag) === true) described[flag] = true;
  }
  const expanded = properties.get("expanded");
  if (typeof expanded === "boolean") described.expanded = expanded;
  const level = properties.get("level");
  if (typeof level === "number") described.level = level;
  return described;
}
