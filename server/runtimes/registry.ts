/** Which runtime a daemon uses: the asked one, or the best one that this host has. */
import { ViperError } from "../../protocol/problems.ts";
import type { RuntimeName } from "../../protocol/vms.ts";
import type { Availability, Runtime } from "./runtime.ts";

/** A runtime that this host can run, and how. */
export interface RuntimeChoice {
  readonly runtime: Runtime;
  readonly availability: Extract<Availability, { available: true }>;
}

/**
 * Probes and chooses. `auto` takes the first available member of the list that isolates its
 * guests, so the list's order is the order of preference; a runtime without isolation has to be
 * asked for by name.
 *
 * @throws {ViperError} `runtime_unavailable`, with every reason and hint
 */
export async function chooseRuntime(
  runtimes: readonly Runtime[],
  wanted: RuntimeName | "auto",
): Promise<RuntimeChoice> {
  const candidates = runtimes.filter((runtime) =>
    wanted === "auto" ? runtime.traits.image : runtime.name === wanted
  );
  const reasons: string[] = [];
  const hints: string[] = [];
  for (const runtime of candidates) {
    const availability = await runtime.probe();
    if (availability.available) return { runtime, availability };
    reasons.push(`${runtime.name}: ${availability.reason}`);
    hints.push(availability.hint);
  }
  const reason = reasons.join("; ") || "it is not part of this build";
  throw new ViperError("runtime_unavailable", `Cannot use runtime "${wanted}": ${reason}`, {
    hint: [...hints, ...(wanted === "auto" ? ["Or run without isolation: --runtime local"] : [])]
      .join(". "),
  });
}
