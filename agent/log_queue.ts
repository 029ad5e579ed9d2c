/** Lines on their way to the daemon, from the first one on, whether or not anybody listens. */
import { type GuestLine, LOG_BATCH_LINES_MAX, LOG_LINE_LENGTH_MAX } from "../protocol/guest.ts";
import { maskLine } from "../protocol/masking.ts";

/** Lines that wait to be sent; what comes when there are so many is counted and dropped. */
export const QUEUED_LINES_MAX = 2_000;
/** Bytes of lines that are sent at once, as JSON. */
export const BATCH_BYTES_MAX = 128 * 1024;

/** Lines to be sent, and how many after them were dropped. */
export interface Batch {
  readonly lines: readonly GuestLine[];
  readonly dropped: number;
}

/** Keeps lines until they are taken. */
export class LogQueue {
  #lines: GuestLine[] = [];
  #dropped = 0;

  constructor(private readonly now: () => Date) {}

  /** Adds a line, without what is secret in it. */
  add(stream: GuestLine["stream"], text: string): void {
    if (this.#lines.length >= QUEUED_LINES_MAX) {
      this.#dropped++;
      return;
    }
    const line = maskLine(text.trimEnd()).slice(0, LOG_LINE_LENGTH_MAX);
    this.#lines.push({ stream, line, timestamp: this.now().toISOString() });
  }

  /** The first lines, as many as may be sent at once; `null` when there is nothing to tell. */
  next(): Batch | null {
    if (this.#lines.length === 0 && this.#dropped === 0) return null;
    let bytes = 0;
    const encoder = new TextEncoder();
    const tooMany = this.#lines.findIndex((line, at) => {
      bytes += encoder.encode(JSON.stringify(line)).length;
      return at >= LOG_BATCH_LINES_MAX || bytes > BATCH_BYTES_MAX;
    });
    const lines = tooMany < 0 ? [...this.#lines] : this.#lines.slice(0, tooMany);
    // Those that were dropped came after all that wait.
    return { lines, dropped: tooMany < 0 ? this.#dropped : 0 };
  }

  /** Forgets a batch that has been sent. */
  taken({ lines, dropped }: Batch): void {
    this.#lines.splice(0, lines.length);
    this.#dropped -= dropped;
  }
}
