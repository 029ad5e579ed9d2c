/**
 * Lists the largest files and functions of the programs. It fails nothing: each is a question to
 * answer in review, whether it is one thing.
 *
 * @module
 */
import { listFiles } from "./digest.ts";

const SHOWN = 5;

interface Size {
  readonly lines: number;
  readonly what: string;
}

/** A function or method: `name(…) {`, or `name(` where its parameters take lines of their own. */
const DECLARED =
  /^(\s*)(?:(?:export|default|async|static|private|override|get|set) )*(?:function\*? )?([\w#]+)(?:<.*>)?\(.*[({]$/;
/** An arrow function with a name. */
const NAMED_ARROW = /^(\s*)(?:export )?const (\w+) = .*=> \{$/;
const KEYWORD = /^(if|for|while|switch|catch)$/;

/** `deno fmt` ends what a line opens at that line's indentation, so no parser is needed. */
function functionsIn(path: string, lines: readonly string[]): Size[] {
  const sizes: Size[] = [];
  for (const [start, line] of lines.entries()) {
    const [, indent = "", name] = DECLARED.exec(line) ?? NAMED_ARROW.exec(line) ?? [];
    if (name === undefined || KEYWORD.test(name)) continue;
    let end = start;
    if (line.endsWith("(")) end = nextLine(lines, end, `${indent})`);
    if (!lines[end]?.endsWith("{")) continue;
    end = nextLine(lines, end, `${indent}}`);
    if (/^\s*\};?$/.test(lines[end] ?? "")) {
      sizes.push({ lines: end - start + 1, what: `${path}:${start + 1} ${name}` });
    }
  }
  return sizes;
}

/** The first line after `from` that begins so; past the end when there is none. */
function nextLine(lines: readonly string[], from: number, beginning: string): number {
  const found = lines.findIndex((line, at) => at > from && line.startsWith(beginning));
  return found === -1 ? lines.length : found;
}

function show(title: string, sizes: Size[]): void {
  console.log(`Largest ${title}, in lines:`);
  const largest = sizes.sort((one, other) => other.lines - one.lines).slice(0, SHOWN);
  for (const { lines, what } of largest) console.log(`${String(lines).padStart(6)}  ${what}`);
}

const root = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
const files: Size[] = [];
const functions: Size[] = [];
for (const path of await listFiles(root, ["dist", "node_modules", "tests"])) {
  if (!path.endsWith(".ts")) continue;
  const lines = (await Deno.readTextFile(`${root}/${path}`)).trimEnd().split("\n");
  files.push({ lines: lines.length, what: path });
  functions.push(...functionsIn(path, lines));
}
show("files", files);
show("functions", functions);
