import type { Clock } from "../host/host.ts";
import type { Terminal } from "../host/terminal.ts";

/** The line of a running step is written anew so often, in milliseconds. */
const REDRAW_MS = 100;
const BAR_WIDTH = 24;

/** A step that ended, and how long it took. */
export interface FinishedStep {
  readonly name: string;
  readonly ms: number;
}

/**
 * Steps with their times on standard error: one line that lives while a step runs on a terminal,
 * else a line at a step's start and one at its end.
 */
export class Progress {
  readonly #ticker: Disposable;
  #step: { name: string; startedMs: number; note: string } | null = null;

  constructor(private readonly terminal: Terminal, private readonly clock: Clock) {
    this.#ticker = clock.every(REDRAW_MS, () => this.#draw());
  }

  /** Begins the step if it is not the running one, and says how far it is. */
  update(name: string, fraction?: number, detail?: string): void {
    if (this.#step?.name !== name) {
      this.#step = { name, startedMs: this.clock.monotonicMs(), note: "" };
      if (!this.terminal.isInteractive) this.terminal.err(`  ${name} …\n`);
    }
    this.#step.note = [fraction === undefined ? "" : bar(fraction), detail ?? ""].join(" ").trim();
  }

  /** Ends the step. */
  done(name: string): FinishedStep {
    const startedMs = this.#step?.name === name ? this.#step.startedMs : this.clock.monotonicMs();
    const ms = this.clock.monotonicMs() - startedMs;
    this.#step = null;
    this.terminal.err(`${this.#lineStart}✓ ${name.padEnd(28)} ${seconds(ms)}\n`);
    return { name, ms };
  }

  /** Runs a step from begin to end. */
  async run<Result>(
    name: string,
    body: (note: (detail: string) => void) => Promise<Result>,
  ): Promise<{ result: Result; step: FinishedStep }> {
    this.update(name);
    const result = await body((detail) => this.update(name, undefined, detail));
    return { result, step: this.done(name) };
  }

  /** Leaves the terminal as a next line wants it; the step that runs has failed. */
  close(): void {
    this.#ticker[Symbol.dispose]();
    if (this.#step !== null) this.terminal.err(`${this.#lineStart}✗ ${this.#step.name}\n`);
    this.#step = null;
  }

  #draw(): void {
    if (this.#step === null || !this.terminal.isInteractive) return;
    const ms = this.clock.monotonicMs() - this.#step.startedMs;
    const { name, note } = this.#step;
    this.terminal.err(`${this.#lineStart}· ${name.padEnd(28)} ${seconds(ms)} ${note}`);
  }

  /** Goes to the line's start and clears it (ECMA-48, EL). */
  get #lineStart(): string {
    return this.terminal.isInteractive ? "\r\x1b[2K" : "";
  }
}

/** `12.3 s`, right-aligned. */
export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1).padStart(6)} s`;
}

function bar(fraction: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, fraction)) * BAR_WIDTH);
  return `[${"#".repeat(filled)}${".".repeat(BAR_WIDTH - filled)}]`;
}
