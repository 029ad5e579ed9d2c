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

/** Characters of one line; a longer text has several, a longer name is cut and says by how much. */
export const LINE_LENGTH_MAX = 1_000;
/** … and of the text in it: quotes and what else stands there need room, too. */
const TEXT_LENGTH_MAX = 900;

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
/** Roles that say nothing without words. */
const EMPTY = new Set(["image", "separator"]);
/** Fields whose value says all that their own small fields and buttons do. */
const PICKED = new Set(["Date", "DateTime", "InputTime"]);
const CELLS = new Set(["cell", "gridcell", "columnheader", "rowheader"]);
const TEXT = "StaticText";
/** Roles whose name is what stands in them, unless the page names them otherwise (WAI-ARIA 1.2). */
const NAMED_BY_CONTENT = new Set([
  ...[...CELLS, "button", "checkbox", "DisclosureTriangle", "heading", "link", "menuitem"],
  ...["menuitemcheckbox", "menuitemradio", "option", "radio", "row", "switch", "tab", "treeitem"],
]);

/** What was told of a node, which what stands in it may repeat. */
interface Told {
  readonly words: string;
  /** Whether a part of the words repeats them, too. */
  readonly hasParts: boolean;
}

const NOTHING_TOLD: Told = { words: "", hasParts: false };

/** The lines of a tree; its root's own name is the page's title, and has none. */
export function linesOf(root: AccessibilityNode): SnapshotLine[] {
  const lines: SnapshotLine[] = [];
  writeChildren(simplified(root.children ?? [], NOTHING_TOLD), 0, lines);
  return lines;
}

/** The children that are worth a line: wrappers give way, texts that go together are one. */
function simplified(nodes: readonly AccessibilityNode[], told: Told): AccessibilityNode[] {
  const kept: AccessibilityNode[] = [];
  let texts: string[] = [];
  const endTexts = () => {
    if (texts.length > 0) kept.push({ role: TEXT, name: joined(texts) });
    texts = [];
  };
  for (const node of nodes.flatMap((node) => unwrapped(node, told))) {
    if (node.role === TEXT) {
      texts.push(node.name ?? "");
      continue;
    }
    endTexts();
    kept.push(node);
  }
  endTexts();
  // A label stands beside the field that it names.
  return kept.filter(({ role, name }, at) =>
    role !== TEXT || name !== kept[at - 1]?.name && name !== kept[at + 1]?.name
  );
}

/** The node with its children simplified, or what stands in its place. */
function unwrapped(node: AccessibilityNode, told: Told): AccessibilityNode[] {
  const name = folded(node.name ?? "");
  if (node.role === TEXT) return isTold(name, told) ? [] : [{ role: TEXT, name }];
  if (PLAIN.has(node.role) && !hasState(node)) return simplified(node.children ?? [], told);
  if (node.role === "row") return [rowOf(node, told)];
  if (PICKED.has(node.role)) return [{ ...node, name, children: [] }];
  const value = folded(String(node.value ?? ""));
  const hasOwnWords = name !== "" && name !== told.words;
  const children = simplified(
    node.children ?? [],
    value !== ""
      ? { words: value, hasParts: true }
      : hasOwnWords
      ? { words: name, hasParts: NAMED_BY_CONTENT.has(node.role) }
      : told,
  );
  // The name of a cell is what stands in it.
  if (CELLS.has(node.role) && children.length > 0) return [{ ...node, name: "", children }];
  if (THIN.has(node.role) && !hasOwnWords && children.length <= 1) return children;
  if (EMPTY.has(node.role) && name === "" && value === "") return children;
  return [{ ...node, name, children }];
}

function isTold(text: string, { words, hasParts }: Told): boolean {
  // Of longer words only the beginning is told.
  const isWhole = words.length <= LINE_LENGTH_MAX;
  return text === "" || text === words || hasParts && isWhole && words.includes(text);
}

/** A row of nothing but texts is one line. */
function rowOf(row: AccessibilityNode, told: Told): AccessibilityNode {
  const cells = simplified(row.children ?? [], NOTHING_TOLD);
  const texts = cells.map((cell) => {
    const inside = cell.children ?? [];
    if (cell.role === TEXT) return cell.name ?? "";
    if (!CELLS.has(cell.role) || hasState(cell)) return null;
    if (inside.some(({ role }) => role !== TEXT)) return null;
    return cell.name || (inside[0]?.name ?? "");
  });
  const words = texts.join(" | ");
  if (texts.every((text) => text !== null) && words.length <= TEXT_LENGTH_MAX) {
    return { ...row, name: words, children: [] };
  }
  return { ...row, name: "", children: simplified(row.children ?? [], told) };
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
    for (const text of node.role === TEXT ? textLines(node.name ?? "") : [cut(wordsOf(node))]) {
      lines.push({ depth, text });
    }
    writeChildren(node.children ?? [], depth + 1, lines);
  }
}

function wordsOf(node: AccessibilityNode): string {
  const { ref, role, name = "", value, level } = node;
  const words = [ref, ROLE_WORDS[role] ?? role, name === "" ? undefined : quoted(name)];
  if (level !== undefined && LEVELLED.has(role)) words.push(`level=${level}`);
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

/** Roles whose level is not their depth. */
const LEVELLED = new Set(["heading", "treeitem"]);

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

/** White space is one space, and so are icons, which fonts have in Unicode's private use areas. */
function folded(text: string): string {
  return text.replaceAll(/[\s\p{Co}]+/gu, " ").trim();
}

/** Put together once, since each of the ten thousand pieces of a page's code is a text. */
function joined(texts: readonly string[]): string {
  return texts.map((text, at) => {
    const isClose = /^[.,;:!?)\]]/.test(text) || /[([]$/.test(texts[at - 1] ?? "(");
    return isClose ? text : ` ${text}`;
  }).join("");
}

/** The text in lines of whole words, between quotes; those in it need no mark, for it is alone. */
function textLines(text: string): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > TEXT_LENGTH_MAX) {
    const space = rest.lastIndexOf(" ", TEXT_LENGTH_MAX);
    const end = space > 0 ? space : TEXT_LENGTH_MAX;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return [...lines, rest].map((line) => `"${line}"`);
}

function cut(line: string): string {
  if (line.length <= LINE_LENGTH_MAX) return line;
  return `${line.slice(0, LINE_LENGTH_MAX - 20)}… (+${line.length - LINE_LENGTH_MAX + 20})`;
}
