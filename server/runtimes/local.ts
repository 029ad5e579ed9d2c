/**
 * The local runtime: the agent and its Chrome as child processes of the daemon, on loopback and
 * with no isolation at all. For development and tests; never chosen by itself.
 *
 * @module
 */
import type { Host, Process } from "../../host/host.ts";
import { ViperError } from "../../protocol/problems.ts";
import { LocalMachine } from "./local_machine.ts";
import { foundProcess, ownProcess } from "./machine_process.ts";
import { isMachineOf, processStat, VM_ID_VARIABLE } from "./process_ref.ts";
import type {
  Availability,
  Machine,
  MachinePlace,
  MachineRef,
  MachineSpec,
  Runtime,
} from "./runtime.ts";

/** Where Chromium may be, in the agent's order of preference. */
const CHROMIUM_NAMES = [
  "chromium-headless-shell",
  "headless-shell",
  "chromium",
  "google-chrome",
  "google-chrome-stable",
];
const START_TIMEOUT_MS = 5_000;
const POLL_INTERVAL_MS = 5;

/** Stops itself before the agent's first instruction; `boot` lets it go on. */
const STOPPED_START = 'kill -STOP $$; exec "$@"';

/** Settings of {@linkcode localRuntime}. */
export interface LocalOptions {
  /** Starts an agent when `--instance FILE` is appended. */
  readonly agentCommand: readonly string[];
}

/** Machines as agents on this very host. */
export function localRuntime(host: Host, { agentCommand }: LocalOptions): Runtime {
  return {
    name: "local",
    traits: { image: false, network: false },
    probe: () => probe(host),
    create: (spec, signal) => create(host, agentCommand, spec, signal),
    adopt: (place, signal) => adopt(host, place, signal),
  };
}

async function probe(host: Host): Promise<Availability> {
  const folders = (host.env["PATH"] ?? "").split(":").filter((folder) => folder !== "");
  for (const name of CHROMIUM_NAMES) {
    for (const folder of folders) {
      const path = `${folder}/${name}`;
      // A folder that may not be looked into has none for this user.
      const info = await host.files.stat("runtime.local:chromium_find", path).catch(() => null);
      if (info === null) continue;
      return { available: true, version: name, accel: "none", warning: "VMs are not isolated" };
    }
  }
  return {
    available: false,
    reason: `none of ${CHROMIUM_NAMES.join(", ")} is on the PATH`,
    hint: "Install it with: apt-get install chromium-headless-shell",
  };
}

async function create(
  host: Host,
  agentCommand: readonly string[],
  spec: MachineSpec,
  signal: AbortSignal,
): Promise<Machine> {
  signal.throwIfAborted();
  await using undo = new AsyncDisposableStack();
  try {
    if (await host.files.stat("runtime.local:instance", spec.instanceFile) === null) {
      throw new ViperError(
        "vm_start_failed",
        `Cannot start the agent of VM "${spec.id}": there is no file "${spec.instanceFile}"`,
      );
    }

    const process = await host.spawn("runtime.local:spawn", [
      ...["/bin/sh", "-c", STOPPED_START, "sh"],
      ...[...agentCommand, "--instance", spec.instanceFile],
    ], {
      detached: true,
      output: { file: spec.consoleLog },
      env: { ...agentEnvironment(host), [VM_ID_VARIABLE]: spec.id },
    });
    undo.defer(() => kill(process));

    const ref = await stopped(host, spec, process, signal);
    signal.throwIfAborted();
    undo.move();
    return new LocalMachine(host, spec.id, ownProcess(process, ref), "created");
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ViperError) throw error;
    throw new ViperError("vm_start_failed", `Cannot start the agent of VM "${spec.id}"`, {
      cause: error,
    });
  }
}

async function adopt(
  host: Host,
  { id, ref }: MachinePlace,
  signal: AbortSignal,
): Promise<Machine | null> {
  signal.throwIfAborted();
  if (!await isMachineOf(host, ref, id)) return null;
  const stat = await processStat(host, "runtime.local:adopt", ref.pid);
  if (stat === null) return null;
  const state = stat.state === "T" ? "paused" : "running";
  return new LocalMachine(host, id, foundProcess(host, ref), state);
}

/** Waits until the process has stopped itself, so that a later SIGCONT cannot come too early. */
async function stopped(
  host: Host,
  spec: MachineSpec,
  process: Process,
  signal: AbortSignal,
): Promise<MachineRef> {
  const deadline = host.clock.monotonicMs() + START_TIMEOUT_MS;
  while (host.clock.monotonicMs() < deadline) {
    signal.throwIfAborted();
    const stat = await processStat(host, "runtime.local:stopped", process.pid);
    if (stat?.state === "T") return { pid: stat.pid, startTicks: stat.startTicks };
    if (stat === null || stat.state === "Z") break;
    await host.clock.sleep(POLL_INTERVAL_MS, signal);
  }
  throw new ViperError("vm_start_failed", `Cannot start the agent of VM "${spec.id}": no process`);
}

/** The daemon's own environment without its settings and keys; the agent's settings pass. */
function agentEnvironment(host: Host): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(host.env)) {
    const isDaemons = name.startsWith("VIPER_") && !name.startsWith("VIPER_AGENT_");
    if (value !== undefined && !isDaemons) environment[name] = value;
  }
  return environment;
}

async function kill(process: Process): Promise<void> {
  process.kill("SIGKILL");
  await process.exited;
}
