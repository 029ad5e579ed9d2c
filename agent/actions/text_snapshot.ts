/**
 * An accessibility tree as lines for a model: one a node, indented by depth, with the reference
 * first.
 *
 *     e1 heading "Pay" level=1
 *     e2 form
 *      e3 textbox "Card" required: "4111"
 *      e4 button "Pay now" disabled
 *
 * @module
 */
import type { AccessibilityNode } from "../../protocol/look.ts";

/** Characters of one line; what is longer is cut, and says how much. */
export const LINE_LENGTH_MAX = 1_000;

/** One line, without its indentation. */
export interface SnapshotLine {
  readonly depth: number;
  readonly text: string;
}

/** Roles that say nothing beyond what stands in them. */
const PLAIN = new Set([
  ...["paragraph", "LabelText", "Legend", "Figcaption", "DescriptionList", "mark", "emphasis"],
  ...["strong", "superscript", "subscript", "deletion", "insertion", "code", "time", "Abbr"],
  ...["LayoutTable", "LayoutTableRow", "LayoutTableCell", "rowgroup", "Section", "Pre"],
  ...["SectionHeader", "SectionFooter", "IframePresentational", "Ruby", "MenuListPopup"],
]);
/** Roles without which their only child loses little. */
const THIN = new Set(["listitem", "DescriptionListTerm", "DescriptionListDetail", "term"]);
const CELLS = new Set(["cell", "gridcell", "columnheader", "rowheader"]);
const TEXT = "StaticText";

/** The lines of a tree; its root's own name is the page's title, and has none. */
export function linesOf(root: AccessibilityNode): SnapshotLine[] {
  const lines: SnapshotLine[] = [];
  writeChildren(simplified(root.children ?? [], root.name ?? ""), 0, lines);
  return lines;
}

/** The children that are worth a line: wrappers give way, texts that go together are one. */
function simplified(nodes: readonly AccessibilityNode[], named: string): AccessibilityNode[] {
  const kept: AccessibilityNode[] = [];
  for (const node of nodes.flatMap((node) => unwrapped(node, named))) {
    const last = kept.at(-1);
    if (node.role === TEXT && last?.role === TEXT) {
      kept[kept.length - 1] = { role: TEXT, name: joined(last.name ?? "", node.name ?? "") };
    } else kept.push(node);
  }
  // A label stands beside the field that it names.
  return kept.filter(({ role, name }, at) =>
    role !== TEXT || name !== kept[at - 1]?.name && name !== kept[at + 1]?.name
  );
}

/** The node with its children simplified, or what stands in its place. */
function unwrapped(node: AccessibilityNode, named: string): AccessibilityNode[] {
  const name = folded(node.name ?? "");
  if (node.role === TEXT) return name === "" || named.includes(name) ? [] : [{ role: TEXT, name }];
  const hasOwnWords = name !== "" && name !== named;
  if (PLAIN.has(node.role) && !hasState(node)) {
    return simplified(node.children ?? [], named);
  }
  if (node.role === "row") return [rowOf(node, named)];
  const value = folded(String(node.value ?? ""));
  const children = simplified(node.children ?? [], value || (hasOwnWords ? name : named));
  // The name of a cell is what stands in it.
  if (CELLS.has(node.role) && children.length > 0) return [{ ...node, name: "", children }];
  if (THIN.has(node.role) && !hasOwnWords && children.length <= 1) return children;
  if (node.role === "image" && name === "") return children;
  return [{ ...node, name, children }];
}

/** A row of nothing but texts is one line. */
function rowOf(row: AccessibilityNode, named: string): AccessibilityNode {
  const cells = simplified(row.children ?? [], "");
  const texts = cells.map((cell) => {
    const inside = cell.children ?? [];
    if (cell.role === TEXT) return cell.name ?? "";
    if (!CELLS.has(cell.role) || hasState(cell)) return null;
    if (inside.some(({ role }) => role !== TEXT)) return null;
    return cell.name || (inside[0]?.name ?? "");
  });
  if (texts.every((text) => text !== null)) {
    return { ...row, name: texts.join(" | "), children: [] };
  }
  return { ...row, name: "", children: simplified(row.children ?? [], named) };
}

function hasState({ checked, expanded, selected, focused }: AccessibilityNode): boolean {
  return checked !== undefined || expanded !== undefined || selected === true || focused === true;
}

function writeChildren(
  nodes: readonly AccessibilityNode[],
  depth: number,
  lines: SnapshotLine[],
): void {
  for (const node of nodes) {
    lines.push({ depth, text: cut(wordsOf(node)) });
    writeChildren(node.children ?? [], depth + 1, lines);
  }
}

function wordsOf(node: AccessibilityNode): string {
  const { ref, role, name = "", value, level } = node;
  if (role === TEXT) return quoted(name);
  const words = [ref, ROLE_WORDS[role] ?? role, name === "" ? undefined : quoted(name)];
  if (level !== undefined) words.push(`level=${level}`);
  if (node.checked === "mixed") words.push("mixed");
  if (node.checked !== undefined && node.checked !== "mixed") {
    words.push(node.checked ? "checked" : "unchecked");
  }
  if (node.expanded !== undefined) words.push(node.expanded ? "expanded" : "collapsed");
  for (const state of STATES) if (node[state] === true) words.push(state);
  const line = words.filter((word) => word !== undefined).join(" ");
  const shown = value === undefined || String(value) === name ? "" : `: ${quoted(String(value))}`;
  return line + shown;
}

const STATES = [
  "pressed",
  "selected",
  "disabled",
  "readonly",
  "required",
  "invalid",
  "focused",
] as const;

/** Chrome's own names, in plain words. */
const ROLE_WORDS: Readonly<Record<string, string>> = {
  Iframe: "iframe",
  RootWebArea: "document",
  DisclosureTriangle: "summary",
  Details: "details",
  PluginObject: "plugin",
  EmbeddedObject: "embedded",
  Canvas: "canvas",
  Video: "video",
  Audio: "audio",
  DescriptionListTerm: "term",
  DescriptionListDetail: "definition",
  InputTime: "time",
  Date: "date",
  DateTime: "datetime",
  ColorWell: "color",
  SvgRoot: "svg",
};

function quoted(text: string): string {
  return JSON.stringify(text);
}

function folded(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}

function joined(before: string, after: string): string {
  return /^[.,;:!?)\]]/.test(after) ? before + after : `${before} ${after}`;
}

function cut(line: string): string {
  if (line.length <= LINE_LENGTH_MAX) return line;
  return `${line.slice(0, LINE_LENGTH_MAX - 20)}… (+${line.length - LINE_LENGTH_MAX + 20})`;
}
