/** Values as text: JSON for scripts, tables and lines for people. */

/** Characters of a value that a person is shown of it; scripts get all with `--json`. */
const VALUE_LENGTH_MAX = 2_000;

/** The value as text that ends in a line feed, or as nothing. */
export function printable(value: unknown, asJson: boolean): string {
  if (asJson) return `${JSON.stringify(value ?? null)}\n`;
  if (value === undefined || value === null) return "";
  if (Array.isArray(value)) return value.length === 0 ? "none\n" : table(value);
  if (typeof value === "object") {
    return Object.entries(value).map(([key, member]) => `${key}: ${cell(member)}\n`).join("");
  }
  return `${String(value)}\n`;
}

/** Rows under a head; columns are the first row's members. */
export function table(rows: readonly Record<string, unknown>[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const lines = [
    columns.map((name) => name.toUpperCase()),
    ...rows.map((row) => columns.map((name) => cell(row[name]))),
  ];
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => (line[at] ?? "").length)));
  return lines.map((line) =>
    line.map((text, at) => text.padEnd(widths[at] ?? 0)).join("  ").trimEnd() + "\n"
  ).join("");
}

function cell(value: unknown): string {
  if (value === undefined || value === null) return "-";
  const text = typeof value === "object" ? JSON.stringify(value, null, 2) : String(value);
  if (text.length <= VALUE_LENGTH_MAX) return text;
  return `${text.slice(0, VALUE_LENGTH_MAX)}… (${text.length} characters; all with --json)`;
}
