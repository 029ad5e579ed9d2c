/** Runs the steps of a setup, and takes them back. */
import type { Host } from "../host/host.ts";
import type { SetupRecord } from "./record.ts";
import type { Kept, Step, UndoOptions } from "./step.ts";

/** How a step ended. */
export type Outcome = "already" | "done" | "kept" | "undone";

/** Hears of each step: when it begins to act, and how it ended. */
export interface Listener {
  begins(title: string): void;
  ends(title: string, outcome: Outcome): void;
}

/** Settings of {@linkcode setUp}. */
export interface SetUpOptions {
  /** `null` for steps that were recorded at another time, such as at the host's start. */
  readonly record: SetupRecord | null;
  readonly listener: Listener;
  readonly signal: AbortSignal;
}

/**
 * Makes every change that is still to be made, each noted ahead. What failed halfway is made good
 * by doing it again, or taken back by {@linkcode takeBack}.
 *
 * @throws {Error} of the first step that fails, which it names
 */
export async function setUp(
  steps: readonly Step[],
  host: Host,
  { record, listener, signal }: SetUpOptions,
): Promise<void> {
  for (const step of steps) {
    signal.throwIfAborted();
    await named(step, "set up", async () => {
      const before = await step.look(host);
      if (before === null) return listener.ends(step.title, "already");
      listener.begins(step.title);
      await record?.note(step, before);
      await step.apply(host, before);
      listener.ends(step.title, "done");
    });
  }
}

/**
 * Takes back every recorded change, the last one first; may be repeated after a failure.
 *
 * @returns what stays since it was not asked to be removed
 */
export async function takeBack(
  record: SetupRecord,
  host: Host,
  options: UndoOptions,
  { listener, signal }: Omit<SetUpOptions, "record">,
): Promise<Kept[]> {
  const kept: Kept[] = [];
  for (const { step, before } of record.changes.toReversed()) {
    signal.throwIfAborted();
    await named(step, "take back", async () => {
      listener.begins(step.title);
      const stays = await step.undo(host, before, options);
      if (stays === null) await record.forget(step);
      else kept.push(stays);
      listener.ends(step.title, stays === null ? "undone" : "kept");
    });
  }
  await record.tidy();
  return kept;
}

async function named(step: Step, verb: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Cannot ${verb} the ${step.title}: ${reason}`, { cause });
  }
}
