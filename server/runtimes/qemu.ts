/**
 * The QEMU runtime: q35 with virtio, in hardware (KVM) where that works, else emulated (TCG).
 *
 * One machine is one process with a QMP socket in the machine's folder. It starts with its
 * processors stopped, so that `create` and `boot` are the two steps that the contract asks for.
 *
 * @module
 */
import { CommandError, type Host, type Process } from "../../host/host.ts";
import { ViperError } from "../../protocol/problems.ts";
import { chooseAccel } from "./accel.ts";
import { endLaunched, launch } from "./launch.ts";
import { foundProcess, ownProcess } from "./machine_process.ts";
import { findProcess, isMachineOf } from "./process_ref.ts";
import { qemuArgv, qemuFiles, qemuOpenFiles } from "./qemu_argv.ts";
import { QemuEnd } from "./qemu_end.ts";
import { QemuMachine } from "./qemu_machine.ts";
import { QmpClient, type QmpEvent } from "./qmp.ts";
import type { Availability, Machine, MachinePlace, MachineSpec, Runtime } from "./runtime.ts";
import { assertSocketPath } from "./socket_path.ts";

const BINARY_DEFAULT = "qemu-system-x86_64";
const INSTALL_HINT = "Install it with: apt-get install qemu-system-x86";
/** How long QEMU may take from start to an answering QMP socket, in milliseconds. */
const START_TIMEOUT_MS = 20_000;
const CONNECT_INTERVAL_MS = 10;
/** How long a QEMU of an earlier daemon may take to greet, in milliseconds. */
const ADOPT_TIMEOUT_MS = 5_000;
/** Characters of QEMU's own output that a failure quotes. */
const LOG_TAIL_LENGTH = 1_000;
/** What a shell exits with when it cannot find the program. */
const EXIT_NOT_FOUND = 127;

/** Settings of {@linkcode qemuRuntime}. */
export interface QemuOptions {
  /** @default "qemu-system-x86_64" */
  readonly binary?: string;
}

/** Machines as QEMU processes. */
export function qemuRuntime(host: Host, { binary = BINARY_DEFAULT }: QemuOptions = {}): Runtime {
  return {
    name: "qemu",
    traits: { image: true, network: true },
    probe: () => probe(host, binary),
    create: (spec, signal) => create(host, binary, spec, signal),
    adopt: (place, signal) => adopt(host, place, signal),
  };
}

async function probe(host: Host, binary: string): Promise<Availability> {
  try {
    const { stdout } = await host.run("runtime.qemu:version", [binary, "--version"]);
    const version = /version (\d+(\.\d+)+)/.exec(stdout)?.[1] ?? "unknown";
    const choice = await chooseAccel(host);
    if (choice.accel === "kvm") return { available: true, version, accel: "kvm" };
    const warning = `Guests are emulated and slow: ${choice.reason}`;
    return { available: true, version, accel: "tcg", warning };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const reason = error.code === "not_found" ? `"${binary}" is not installed` : error.message;
    return { available: false, reason, hint: INSTALL_HINT };
  }
}

async function create(
  host: Host,
  binary: string,
  spec: MachineSpec,
  signal: AbortSignal,
): Promise<Machine> {
  signal.throwIfAborted();
  const { socket, log } = qemuFiles(spec.runDir);
  assertSocketPath("QEMU", spec.id, socket);
  await using undo = new AsyncDisposableStack();
  try {
    const { accel } = await chooseAccel(host);

    undo.defer(() => removeFiles(host, spec.runDir));
    await removeFiles(host, spec.runDir);

    const process = await launch(host, {
      label: "runtime.qemu:spawn",
      vmId: spec.id,
      argv: qemuArgv(binary, spec, accel),
      uid: spec.uid,
      cgroup: spec.cgroup,
      runDir: spec.runDir,
      files: qemuOpenFiles(spec),
      log,
    });
    undo.defer(() => endLaunched(host, process, spec.id));

    const kills = () => process.kill("SIGKILL");
    signal.addEventListener("abort", kills, { once: true });
    undo.defer(() => signal.removeEventListener("abort", kills));

    const end = new QemuEnd();
    const qmp = await connect(host, spec, process, end, signal);
    undo.defer(() => qmp.close());

    const ref = await findProcess(host, process.pid, "runtime.qemu:find");
    if (ref === null) throw await startFailure(host, spec, process);
    signal.throwIfAborted();
    signal.removeEventListener("abort", kills);
    undo.move();
    return new QemuMachine(host, {
      id: spec.id,
      accel,
      process: ownProcess(process, ref),
      qmp,
      end,
      removeFiles: () => removeFiles(host, spec.runDir),
    });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ViperError) throw error;
    throw new ViperError("vm_start_failed", `Cannot start QEMU for VM "${spec.id}"`, {
      cause: error,
    });
  }
}

/** QEMU takes one client at a time: while another daemon holds the line it does not greet. */
async function adopt(
  host: Host,
  { id, ref, accel, runDir }: MachinePlace,
  signal: AbortSignal,
): Promise<Machine | null> {
  signal.throwIfAborted();
  if (!await isMachineOf(host, ref, id)) return null;
  const end = new QemuEnd();
  const qmp = await QmpClient.connect(host, qemuFiles(runDir).socket, {
    onEvent: eventReader(host, id, end),
    timeoutMs: ADOPT_TIMEOUT_MS,
  }).catch((error) => {
    host.log("warn", "QEMU does not answer and is not adopted", { vm: id, pid: ref.pid, error });
    return null;
  });
  if (signal.aborted) await qmp?.close();
  signal.throwIfAborted();
  if (qmp === null) return null;
  return new QemuMachine(host, {
    id,
    accel,
    process: foundProcess(host, ref, qmp.closed),
    qmp,
    end,
    removeFiles: () => removeFiles(host, runDir),
  });
}

/** Tries until QEMU listens, QEMU ends, or time is up. */
async function connect(
  host: Host,
  spec: MachineSpec,
  process: Process,
  end: QemuEnd,
  signal: AbortSignal,
): Promise<QmpClient> {
  const { socket } = qemuFiles(spec.runDir);
  const deadline = host.clock.monotonicMs() + START_TIMEOUT_MS;
  let hasEnded = false;
  process.exited.then(() => hasEnded = true);
  const onEvent = eventReader(host, spec.id, end);
  while (true) {
    signal.throwIfAborted();
    if (hasEnded) throw await startFailure(host, spec, process);
    try {
      return await QmpClient.connect(host, socket, { onEvent });
    } catch (error) {
      if (!isNotListening(error) && !hasEnded) throw error;
    }
    if (host.clock.monotonicMs() > deadline) {
      throw new ViperError(
        "vm_start_failed",
        `Cannot start QEMU for VM "${spec.id}": no answer within ${START_TIMEOUT_MS} ms`,
      );
    }
    await host.clock.sleep(CONNECT_INTERVAL_MS, signal);
  }
}

/** There is no socket yet, nobody listens on it yet, or QEMU is ending. */
function isNotListening(error: unknown): boolean {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return code === "ENOENT" || code === "ECONNREFUSED" || name === "QmpError";
}

/** Why QEMU ended, in its own words. */
async function startFailure(host: Host, spec: MachineSpec, process: Process): Promise<ViperError> {
  const { code } = await process.exited;
  const output = await host.files
    .readText("runtime.qemu:log_read", qemuFiles(spec.runDir).log).catch(() => "");
  const reason = output.trim().slice(-LOG_TAIL_LENGTH) || "it said nothing";
  const message = `Cannot start QEMU for VM "${spec.id}": it ended with code ${code}: ${reason}`;
  return code === EXIT_NOT_FOUND
    ? new ViperError("runtime_unavailable", message, { hint: INSTALL_HINT })
    : new ViperError("vm_start_failed", message);
}

function eventReader(host: Host, vm: string, end: QemuEnd): (event: QmpEvent) => void {
  return (event) => {
    end.note(event);
    const isBad = event.event === "GUEST_PANICKED" || event.event === "BLOCK_IO_ERROR";
    host.log(isBad ? "warn" : "debug", "QEMU reports an event", { vm, ...event });
  };
}

async function removeFiles(host: Host, runDir: string): Promise<void> {
  const { socket, log } = qemuFiles(runDir);
  await host.files.remove("runtime.qemu:socket_remove_undo", socket);
  await host.files.remove("runtime.qemu:log_remove_undo", log);
}
