import type { Terminal } from "./terminal.ts";

/** The terminal of this process. */
export const denoTerminal: Terminal = {
  out: (text) => writeAll(Deno.stdout, text),
  err: (text) => writeAll(Deno.stderr, text),
  isInteractive: Deno.stderr.isTerminal(),
  canAsk: Deno.stdin.isTerminal() && Deno.stdout.isTerminal(),
};

function writeAll(file: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let offset = 0; offset < bytes.length;) offset += file.writeSync(bytes.subarray(offset));
}
