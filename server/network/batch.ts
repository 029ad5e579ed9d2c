import type { Host, Label } from "../../host/host.ts";

/** Lines for one run of a tool; it stops at the first that fails. @throws {CommandError} */
export async function runBatch(
  host: Host,
  label: Label,
  tool: "ip" | "bridge" | "tc",
  lines: readonly string[],
): Promise<string> {
  const stdin = lines.map((line) => `${line}\n`).join("");
  return (await host.run(label, [tool, "-batch", "-"], { stdin })).stdout;
}
