/** Lines of one failure that are told again; a diff may be as long as what was compared. */
export const FAILURE_LINES_MAX = 12;
/** Characters of such a line. */
export const FAILURE_LINE_LENGTH_MAX = 200;

/**
 * What failed in a group, each with the begin of its error and the line that threw it, out of what
 * `deno test` told of the run. One that ended badly without naming a failure is told by its last
 * lines.
 */
export function failuresOf(text: string, exitCode: number): string[] {
  if (exitCode === 0) return [];
  const lines = text.trimEnd().split("\n");
  const list = lines.lastIndexOf(" FAILURES ");
  if (list === -1) {
    const ended = `the run ended with code ${exitCode}, and named no failure; it said at last`;
    return [told([ended, ...lines.slice(-FAILURE_LINES_MAX)])];
  }
  const titles = lines.slice(list + 2, lines.indexOf("", list + 2));
  const errors = lines.slice(lines.lastIndexOf(" ERRORS ", list), list);
  const starts = titles.map((title) => errors.indexOf(title)).sort((one, other) => one - other);
  return starts.map((start, index) => brief(errors.slice(start, starts[index + 1])));
}

/** A failure without its stack, but for the first line of ours. */
function brief(lines: readonly string[]): string {
  const isStack = (line: string) => /^ +at /.test(line);
  const message = lines.filter((line) => line.trim() !== "" && !isStack(line));
  const thrown = lines.find((line) => isStack(line) && line.includes("/tests/")) ?? [];
  return told([...message.slice(0, FAILURE_LINES_MAX), ...[thrown].flat()]);
}

function told([title = "", ...lines]: readonly string[]): string {
  const cut = (line: string) => line.slice(0, FAILURE_LINE_LENGTH_MAX);
  return [cut(title), ...lines.map((line) => `  ${cut(line)}`)].join("\n");
}
