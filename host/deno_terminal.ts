import type { Terminal } from "./terminal.ts";

/** The terminal of this process. */
export const denoTerminal: Terminal = {
  out: (answer) => writeAll(Deno.stdout, answer),
  err: (text) => writeAll(Deno.stderr, text),
  isInteractive: Deno.stderr.isTerminal(),
  canAsk: Deno.stdin.isTerminal() && Deno.stdout.isTerminal(),
};

function writeAll(
  file: { writeSync(bytes: Uint8Array): number },
  said: string | Uint8Array,
): void {
  const bytes = typeof said === "string" ? new TextEncoder().encode(said) : said;
  for (let offset = 0; offset < bytes.length;) offset += file.writeSync(bytes.subarray(offset));
}
