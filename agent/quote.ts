/** Characters of a caller's text that an error message repeats at most. */
const QUOTE_LENGTH_MAX = 200;

/** A caller's text for an error message: quoted, on one line, and cut where it is long. */
export function quote(text: string): string {
  const shown = text.length > QUOTE_LENGTH_MAX ? `${text.slice(0, QUOTE_LENGTH_MAX)}…` : text;
  return JSON.stringify(shown);
}
