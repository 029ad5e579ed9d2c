/**
 * The real {@linkcode Host}: the only file, with its neighbours in `host/`, that names `Deno`.
 *
 * @module
 */
import type { Host, Log } from "./host.ts";
import { denoFiles } from "./deno_files.ts";
import { denoNet } from "./deno_net.ts";
import { denoRun, denoSpawn } from "./deno_process.ts";
import { denoClock } from "./deno_clock.ts";
import { denoTelemetry } from "./deno_telemetry.ts";

/** What never goes through a proxy: Chrome's DevTools, agents, the daemon's own API. */
const LOOPBACK = ["localhost", "127.0.0.0/8", "::1"];

/** Settings of {@linkcode denoHost}. */
export interface DenoHostOptions {
  readonly log: Log;
}

/** Builds the Host that acts on this machine. */
export function denoHost({ log }: DenoHostOptions): Host {
  denoNet.reachDirectly(LOOPBACK);
  return {
    run: denoRun,
    spawn: denoSpawn,
    signal: (_label, pid, signal) => {
      try {
        Deno.kill(pid, signal);
        return true;
      } catch (error) {
        // A process that ended in the meantime is what the caller wanted or will notice.
        if (error instanceof Deno.errors.NotFound || isNoSuchProcess(error)) return false;
        throw error;
      }
    },
    files: denoFiles,
    net: denoNet,
    clock: denoClock,
    random: {
      bytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
      uuid: () => crypto.randomUUID(),
    },
    log,
    telemetry: denoTelemetry(),
    env: Deno.env.toObject(),
    isRoot: Deno.uid() === 0,
    pid: Deno.pid,
  };
}

function isNoSuchProcess(error: unknown): boolean {
  return error instanceof Error && /ESRCH|already terminated|No such process/.test(error.message);
}
