/** What of a snapshot's lines an answer holds: a part, what was searched, or what changed. */
import type { LineEdit } from "./line_diff.ts";
import type { SnapshotLine } from "./text_snapshot.ts";

/** UTF-8 bytes that a token stands for at least: of pages in English OpenAI's o200k_base has 3.3. */
export const BYTES_PER_TOKEN = 3;

/** A text's size in tokens, estimated. */
export function tokensOf(text: string): number {
  return Math.ceil(bytesOf(text) / BYTES_PER_TOKEN);
}

const encoder = new TextEncoder();

function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

/** A line as it is told. */
export function written({ depth, text }: SnapshotLine): string {
  return " ".repeat(Math.min(depth, DEPTH_SHOWN_MAX)) + text;
}

/** Deeper lines are told at this depth. */
const DEPTH_SHOWN_MAX = 40;

/** One of the parts that together hold all lines. */
export interface SnapshotPart {
  readonly text: string;
  /** From 1. */
  readonly part: number;
  readonly parts: number;
}

/** Room for the sentence that says what was left out. */
const MARKER_BYTES_MAX = 200;

/** Splits the lines into parts of so many tokens at most, and takes one of them. */
export function partOf(lines: readonly string[], part: number, tokensMax: number): SnapshotPart {
  const bytesMax = tokensMax * BYTES_PER_TOKEN - MARKER_BYTES_MAX;
  const parts: string[][] = [[]];
  let bytes = 0;
  for (const line of lines) {
    const own = shortened(line, bytesMax);
    const ownBytes = bytesOf(own) + 1;
    if (bytes + ownBytes > bytesMax) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(own);
    bytes += ownBytes;
  }
  const chosen = parts[part - 1] ?? [];
  const text = [...chosen, ...marker(part, parts.length, lines.length - chosen.length)].join("\n");
  return { text, part, parts: parts.length };
}

/** A line that fits into a part; no character has more than three bytes for each of its units. */
function shortened(line: string, bytesMax: number): string {
  if (bytesOf(line) < bytesMax) return line;
  return `${line.slice(0, Math.floor(bytesMax / 3) - 2)}…`;
}

/** What a reader has to know of what is not there. */
function marker(part: number, parts: number, left: number): string[] {
  if (parts === 1 && part === 1) return [];
  if (part > parts) return [`… there is no part ${part}: the last is ${parts}`];
  const next = part < parts ? `part=${part + 1} for the next` : "part=1 for the first";
  return [
    `… part ${part} of ${parts}, ${left} more lines are in the others: ask again with ${next}, ` +
    `or with search="…" for the lines that hold a text`,
  ];
}

/** Whether the line holds the text, in any case. */
export function holds(line: string, text: string): boolean {
  return line.toLowerCase().includes(text.toLowerCase());
}

/** The lines that hold the text, under the lines that they stand in. */
export function found(lines: readonly SnapshotLine[], text: string): SnapshotLine[] {
  const shown = new Set<SnapshotLine>();
  let above: SnapshotLine[] = [];
  for (const line of lines) {
    above = above.filter(({ depth }) => depth < line.depth);
    if (holds(line.text, text)) { for (const told of [...above, line]) shown.add(told); }
    above.push(line);
  }
  return [...shown];
}

/** Changes as lines that begin with + or -. */
export function changed(edits: readonly LineEdit[]): string[] {
  return edits.flatMap(({ kind, line }) =>
    kind === "kept" ? [] : [`${kind === "added" ? "+" : "-"} ${line}`]
  );
}
