import type { Log } from "../host/host.ts";
import type { Terminal } from "../host/terminal.ts";

/** A log for a person who watches: warnings and errors as lines, the rest left out. */
export function spokenLog(terminal: Terminal): Log {
  return (level, message, fields = {}) => {
    if (level !== "warn" && level !== "error") return;
    const { error } = fields;
    const reason = error instanceof Error ? `: ${error.message}` : "";
    terminal.err(`  ! ${message}${reason}\n`);
  };
}
