/** Values as text: JSON for scripts, tables and lines for people. */

/** Characters of a word, such as base64, that a person is shown of it; `--json` has all. */
const WORD_LENGTH_MAX = 2_000;
/** What a terminal acts on. Pages may have it in any text of theirs. */
// deno-lint-ignore no-control-regex -- these are what is looked for
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

/** The value as text that ends in a line feed, or as nothing; `columns` as {@linkcode table}. */
export function printable(value: unknown, asJson: boolean, columns?: readonly string[]): string {
  if (asJson) return `${escaped(JSON.stringify(value ?? null))}\n`;
  if (value === undefined || value === null) return "";
  if (Array.isArray(value)) return value.length === 0 ? "none\n" : table(value, columns);
  if (typeof value === "object") {
    return Object.entries(value).map(([key, member]) => `${key}: ${cell(member)}\n`).join("");
  }
  return `${cell(value)}\n`;
}

/** JSON escapes but some of what a terminal acts on. */
function escaped(json: string): string {
  return json.replaceAll(
    CONTROLS,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Rows under a head, a line each; columns are the first row's members, unless they are chosen. */
export function table(
  rows: readonly Record<string, unknown>[],
  columns: readonly string[] = Object.keys(rows[0] ?? {}),
): string {
  const lines = [
    columns.map((name) => name.toUpperCase()),
    ...rows.map((row) => columns.map((name) => cell(inLine(row[name])))),
  ];
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => (line[at] ?? "").length)));
  return lines.map((line) =>
    line.map((text, at) => text.padEnd(widths[at] ?? 0)).join("  ").trimEnd() + "\n"
  ).join("");
}

/** A list as `a,b`, an object as `key=value,…`: as they are typed. */
function inLine(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const words = Array.isArray(value)
    ? value.map(word)
    : Object.entries(value).map(([key, member]) => `${key}=${word(member)}`);
  return words.length === 0 ? null : words.join(",");
}

function word(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function cell(value: unknown): string {
  if (value === undefined || value === null) return "-";
  const raw = typeof value === "object" ? JSON.stringify(value, null, 2) : String(value);
  const text = raw.replaceAll("\r\n", "\n").replaceAll(CONTROLS, "\ufffd");
  return text.replaceAll(/\S+/g, shortened);
}

function shortened(word: string): string {
  if (word.length <= WORD_LENGTH_MAX) return word;
  return `${word.slice(0, WORD_LENGTH_MAX)}… (${word.length} characters; all with --json)`;
}
