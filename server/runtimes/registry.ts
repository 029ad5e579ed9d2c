/** Which runtime a daemon uses: the asked one, or the best one that this host has. */
import { ViperError } from "../../protocol/problems.ts";
import type { RuntimeName } from "../../protocol/vms.ts";
import type { Availability, Runtime } from "./runtime.ts";

/** A runtime that this host can run, and how. */
export interface RuntimeChoice {
  readonly runtime: Runtime;
  readonly availability: Extract<Availability, { available: true }>;
}

/** What a look at one runtime found. */
export interface RuntimeVerdict {
  readonly runtime: Runtime;
  readonly availability: Availability;
  /** Why the runtime is used or not, for people: "chosen", "guests are not isolated", … */
  readonly verdict: string;
  readonly isChosen: boolean;
}

/**
 * Probes and chooses. `auto` takes a runtime that isolates its guests, in hardware before emulated,
 * else in the list's order; one without isolation has to be asked for by name.
 *
 * @throws {ViperError} `runtime_unavailable`, with every reason and hint
 */
export async function chooseRuntime(
  runtimes: readonly Runtime[],
  wanted: RuntimeName | "auto",
): Promise<RuntimeChoice> {
  const looks = await lookAt(runtimes.filter((runtime) => isCandidate(runtime, wanted)));
  const choice = best(looks);
  if (choice !== null) return choice;
  const failed = looks.flatMap(({ runtime, availability }) =>
    availability.available ? [] : [{ name: runtime.name, ...availability }]
  );
  const reasons = failed.map(({ name, reason }) => `${name}: ${reason}`);
  const hints = failed.map(({ hint }) => hint);
  if (wanted === "auto") hints.push("Or run without isolation: --runtime local");
  const reason = reasons.join("; ") || "it is not part of this build";
  throw new ViperError("runtime_unavailable", `Cannot use runtime "${wanted}": ${reason}`, {
    hint: hints.join(". "),
  });
}

/** Looks at every runtime, also at those that are out of the question, and says what was found. */
export async function explainRuntimes(
  runtimes: readonly Runtime[],
  wanted: RuntimeName | "auto",
): Promise<RuntimeVerdict[]> {
  const looks = await lookAt(runtimes);
  const choice = best(looks.filter(({ runtime }) => isCandidate(runtime, wanted)));
  const preferred = choice?.runtime;
  return looks.map((look) => ({
    ...look,
    isChosen: look.runtime === preferred,
    verdict: verdictOn(look, wanted, preferred),
  }));
}

function verdictOn(
  { runtime, availability }: Look,
  wanted: RuntimeName | "auto",
  preferred: Runtime | undefined,
): string {
  if (!availability.available) return availability.reason;
  if (runtime === preferred) return "chosen";
  if (isCandidate(runtime, wanted)) return `${preferred?.name} is preferred`;
  if (wanted !== "auto") return `"${wanted}" is asked for`;
  return "guests are not isolated, so it has to be asked for by name";
}

type Look = Pick<RuntimeVerdict, "runtime" | "availability">;

function lookAt(runtimes: readonly Runtime[]): Promise<Look[]> {
  return Promise.all(runtimes.map(async (runtime) => {
    return { runtime, availability: await runtime.probe() };
  }));
}

/** A runtime that boots an image isolates what runs in it. */
function isCandidate(runtime: Runtime, wanted: RuntimeName | "auto"): boolean {
  return wanted === "auto" ? runtime.traits.image : runtime.name === wanted;
}

function best(looks: readonly Look[]): RuntimeChoice | null {
  const available = looks.flatMap(({ runtime, availability }) =>
    availability.available ? [{ runtime, availability }] : []
  );
  return available.find(({ availability }) => availability.accel !== "tcg") ?? available[0] ?? null;
}
