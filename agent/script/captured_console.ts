import { format } from "node:util";
import {
  SCRIPT_CONSOLE_ENTRIES_MAX,
  SCRIPT_CONSOLE_LENGTH_MAX,
  type ScriptConsoleEntry,
} from "../../protocol/scripts.ts";

/** What is written by the console's methods; the others do nothing. */
const LEVELS: Readonly<Record<string, ScriptConsoleEntry["level"]>> = {
  ...{ debug: "debug", log: "log", info: "info", warn: "warn", error: "error" },
  ...{ trace: "debug", dir: "log", table: "log" },
};

/** A console whose lines go to a function, within bounds. */
export class CapturedConsole {
  readonly console: Record<string, (...args: unknown[]) => void> = {};
  #count = 0;

  constructor(private readonly write: (entry: ScriptConsoleEntry) => void) {
    for (const name of Object.keys(globalThis.console)) this.console[name] = () => {};
    for (const [name, level] of Object.entries(LEVELS)) {
      this.console[name] = (...args) => this.#add(level, args);
    }
    this.console["assert"] = (condition, ...args) => {
      if (!condition) this.#add("error", ["Assertion failed:", ...args]);
    };
  }

  /** Lines that were too many. */
  get dropped(): number {
    return Math.max(0, this.#count - SCRIPT_CONSOLE_ENTRIES_MAX);
  }

  #add(level: ScriptConsoleEntry["level"], args: unknown[]): void {
    if (++this.#count > SCRIPT_CONSOLE_ENTRIES_MAX) return;
    this.write({ level, text: format(...args).slice(0, SCRIPT_CONSOLE_LENGTH_MAX) });
  }
}
