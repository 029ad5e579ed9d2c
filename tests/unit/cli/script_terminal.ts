import type { Terminal } from "../../../host/terminal.ts";

/** A terminal that keeps what it is told. */
export class ScriptTerminal implements Terminal {
  written = "";
  errors = "";
  readonly canAsk = false;

  constructor(readonly isInteractive = false) {}

  readonly out = (answer: string | Uint8Array) => {
    this.written += typeof answer === "string" ? answer : new TextDecoder().decode(answer);
  };
  readonly err = (text: string) => void (this.errors += text);
}
