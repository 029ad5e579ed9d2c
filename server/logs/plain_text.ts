/** Escape sequences of terminals: CSI, OSC and the two-character ones (ECMA-48). */
// deno-lint-ignore no-control-regex -- these are what is looked for
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])/g;
// deno-lint-ignore no-control-regex -- these are what is looked for
const CONTROLS = /[\x00-\x08\x0a-\x1f\x7f-\x9f]/g;

/** A guest's line as text that does nothing to the terminal that shows it. */
export function plainText(line: string): string {
  return line.replace(ESCAPES, "").replace(CONTROLS, "");
}
