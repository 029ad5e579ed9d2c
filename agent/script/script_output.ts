import { SCRIPT_CONSOLE_ENTRIES_MAX, SCRIPT_RESULT_BYTES_MAX } from "../../protocol/scripts.ts";
import type { ScriptConsoleEntry } from "../../protocol/scripts.ts";
import { type ScriptMessage, scriptMessage } from "./messages.ts";

/** Bytes that a script process may write: its result, its console, and what a runtime says. */
export const SCRIPT_OUTPUT_BYTES_MAX = SCRIPT_RESULT_BYTES_MAX + 32 * 1024 * 1024;
/** Characters of what is no message that are kept, to explain an end. */
const NOISE_LENGTH_MAX = 4_000;

/** How a script ended by itself. */
export type ScriptEnd = Exclude<ScriptMessage, { type: "console" }>;

/** What a script process writes, read up to its end. */
export class ScriptOutput {
  readonly console: ScriptConsoleEntry[] = [];
  /** What the runtime wrote, such as why it gave up. */
  noise = "";
  /** Whether there was more than is read. */
  isTooLong = false;

  /** `null` when the process ended before the script, or wrote too much. */
  async read(stream: ReadableStream<Uint8Array>): Promise<ScriptEnd | null> {
    const decoder = new TextDecoder();
    let [rest, size] = ["", 0];
    for await (const chunk of stream) {
      size += chunk.length;
      this.isTooLong = size > SCRIPT_OUTPUT_BYTES_MAX;
      if (this.isTooLong) return null;
      const lines = decoder.decode(chunk, { stream: true }).split("\n");
      // A long line is put together once, and not with each of its pieces.
      lines[0] = rest + lines[0];
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const end = this.#take(line);
        if (end !== null) return end;
      }
    }
    return this.#take(rest);
  }

  #take(line: string): ScriptEnd | null {
    const message = messageOf(line);
    if (message === null) this.noise = `${this.noise}${line}\n`.slice(-NOISE_LENGTH_MAX);
    else if (message.type !== "console") return message;
    else if (this.console.length < SCRIPT_CONSOLE_ENTRIES_MAX) this.console.push(message.entry);
    return null;
  }
}

function messageOf(line: string): ScriptMessage | null {
  if (!line.startsWith("{")) return null;
  try {
    return scriptMessage.parse(JSON.parse(line));
  } catch {
    return null;
  }
}
