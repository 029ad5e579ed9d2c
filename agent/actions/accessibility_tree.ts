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

/** What Chrome tells of one frame. */
export interface FrameTree {
  readonly nodes: readonly AxNode[];
  /** The name by which actions take the node. */
  readonly refOf?: (node: AxNode) => string | undefined;
  /** The frames inside, by the DOM node that holds each. */
  readonly frames?: ReadonlyMap<number, FrameTree>;
}

/**
 * Folds away ignored nodes and wrappers, and text that only repeats its parent's name; keeps the
 * first `nodesMax` nodes in document order.
 */
export function foldTree(tree: FrameTree, nodesMax: number): FoldedTree {
  const folding = new Folding(nodesMax);
  const top = topOf(tree);
  if (top === undefined) return { root: { role: "none" }, node_count: 1, truncated: false };
  const root = described(top, tree);
  folding.fold(top, tree, root, 0);
  const node_count = folding.count - dropRepeats(root);
  return { root, node_count, truncated: folding.truncated };
}

class Folding {
  count = 1;
  truncated = false;
  readonly #byId = new Map<FrameTree, Map<string, AxNode>>();

  constructor(readonly nodesMax: number) {}

  /** Adds what is below `parent` to `into`. */
  fold(parent: AxNode, tree: FrameTree, into: AccessibilityNode, depth: number): void {
    this.#foldFrame(parent, tree, into, depth);
    for (const id of parent.childIds ?? []) {
      const child = this.#nodesOf(tree).get(id);
      if (child === undefined || TEXT_PARTS.has(roleOf(child))) continue;
      const isWrapper = child.ignored || isEmptyWord(child);
      if (depth === DEPTH_MAX || !isWrapper && this.count === this.nodesMax) {
        this.truncated = true;
        return;
      }
      if (isWrapper) {
        this.fold(child, tree, into, depth + 1);
      } else {
        this.count++;
        const node = described(child, tree);
        (into.children ??= []).push(node);
        this.fold(child, tree, node, depth + 1);
      }
    }
  }

  /** Adds the document of the frame that the node holds, when it is one. */
  #foldFrame(owner: AxNode, tree: FrameTree, into: AccessibilityNode, depth: number): void {
    const inner = tree.frames?.get(owner.backendDOMNodeId ?? -1);
    const top = inner === undefined ? undefined : topOf(inner);
    if (inner !== undefined && top !== undefined) this.fold(top, inner, into, depth + 1);
  }

  #nodesOf(tree: FrameTree): Map<string, AxNode> {
    let byId = this.#byId.get(tree);
    if (byId === undefined) {
      byId = new Map(tree.nodes.map((node) => [node.nodeId, node]));
      this.#byId.set(tree, byId);
    }
    return byId;
  }
}

function topOf({ nodes }: FrameTree): AxNode | undefined {
  return nodes.find((node) => node.parentId === undefined);
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

/** A wrapper says something when it has a name, or takes the focus, as an editor or a widget does. */
function isEmptyWord(node: AxNode): boolean {
  if (!WRAPPERS.has(roleOf(node)) || hasName(node)) return false;
  return !node.properties?.some(({ name, value }) => name === "focusable" && value.value === true);
}

function hasName(node: AxNode): boolean {
  return String(node.name?.value ?? "") !== "";
}

function described(node: AxNode, { refOf }: FrameTree): AccessibilityNode {
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
  for (const flag of ["disabled", "focused", "selected", "required", "readonly"] as const) {
    if (properties.get(flag) === true) described[flag] = true;
  }
  for (const flag of ["pressed", "invalid"] as const) {
    if (properties.get(flag) === "true") described[flag] = true;
  }
  const expanded = properties.get("expanded");
  if (typeof expanded === "boolean") described.expanded = expanded;
  const level = properties.get("level");
  if (typeof level === "number") described.level = level;
  const ref = roleOf(node) === "StaticText" ? undefined : refOf?.(node);
  if (ref !== undefined) described.ref = ref;
  return described;
}
