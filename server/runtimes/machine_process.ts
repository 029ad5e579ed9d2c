/**
 * A machine's process, whether this daemon started it or an earlier one did: what a runtime needs
 * of it to follow and to end it.
 *
 * @module
 */
import type { Clock, ExitStatus, Host, Process } from "../../host/host.ts";
import { ViperError } from "../../protocol/problems.ts";
import { isAlive } from "./process_ref.ts";
import type { MachineRef } from "./runtime.ts";
import { isWithin } from "./within.ts";

/** How often a process is looked for that nobody can wait for, in milliseconds. */
const POLL_INTERVAL_MS = 500;
/** How long a process may take to be gone after SIGKILL, in milliseconds. */
const KILL_TIMEOUT_MS = 5_000;

/** A process to follow. */
export interface MachineProcess {
  readonly ref: MachineRef;
  /**
   * Resolves when the process is gone, with `null` when it is not the daemon's own child. Never
   * rejects; after {@linkcode release} it may never resolve.
   */
  readonly exited: Promise<ExitStatus | null>;
  /** Signals that very process to end; one that is gone is not an error. @default SIGKILL */
  kill(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** Follows it no longer. */
  release(): void;
}

/** A process that this daemon started. */
export function ownProcess(process: Process, ref: MachineRef): MachineProcess {
  return {
    ref,
    exited: process.exited,
    kill: (signal = "SIGKILL") => Promise.resolve(process.kill(signal)),
    release: () => {},
  };
}

/**
 * A process of an earlier daemon, looked for in /proc.
 *
 * @param hangUp resolves when the process may have gone, such as with its socket; until then it is
 * not looked for
 */
export function foundProcess(
  host: Host,
  ref: MachineRef,
  hangUp: Promise<void> = Promise.resolve(),
): MachineProcess {
  const released = new AbortController();
  const gone = Promise.withResolvers<null>();
  const follow = async () => {
    await hangUp;
    while (!released.signal.aborted && await maybeAlive(host, ref)) {
      await host.clock.sleep(POLL_INTERVAL_MS, released.signal);
    }
    if (!released.signal.aborted) gone.resolve(null);
  };
  // Only the release ends the wait early, and then nobody waits for what follows.
  follow().catch(() => {});
  return {
    ref,
    exited: gone.promise,
    kill: async (signal = "SIGKILL") => {
      if (await isAlive(host, ref, "runtime.process:kill_look_undo")) {
        host.signal("runtime.process:kill_undo", ref.pid, signal);
      }
    },
    release: () => released.abort(),
  };
}

/**
 * The last step of ending a machine: SIGKILL, and a wait for its end.
 *
 * @param exited resolves when all is done that follows the process's end
 * @throws {ViperError} `internal` when it is not gone in time
 */
export async function killMachine(
  id: string,
  process: MachineProcess,
  exited: Promise<unknown>,
  clock: Clock,
): Promise<void> {
  await process.kill();
  if (await isWithin(clock, KILL_TIMEOUT_MS, exited)) return;
  const { pid } = process.ref;
  throw new ViperError("internal", `Cannot end VM "${id}": process ${pid} outlives SIGKILL`);
}

/** What cannot be read for once is looked for again. */
async function maybeAlive(host: Host, ref: MachineRef): Promise<boolean> {
  try {
    return await isAlive(host, ref, "runtime.process:follow");
  } catch {
    return true;
  }
}
