/** Bytes as lines of text. */

/** Characters of a line that are kept; the rest of a longer one is left out. */
const LINE_LENGTH_MAX = 4_000;

/** Takes text in pieces and calls back for each line that is whole. */
export class Lines {
  readonly #decoder = new TextDecoder();
  #rest = "";

  constructor(private readonly onLine: (line: string) => void) {}

  /** Takes the next piece. */
  push(chunk: Uint8Array): void {
    const parts = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split("\n");
    this.#rest = (parts.pop() ?? "").slice(0, LINE_LENGTH_MAX);
    for (const line of parts) this.onLine(line.slice(0, LINE_LENGTH_MAX));
  }

  /** Takes what is there as the last line, if it is any. */
  end(): void {
    if (this.#rest !== "") this.onLine(this.#rest);
    this.#rest = "";
  }
}
