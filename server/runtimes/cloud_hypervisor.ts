/**
 * The Cloud Hypervisor runtime: guests on KVM, made and driven over Cloud Hypervisor's REST API.
 *
 * One machine is one process with an API socket in the machine's folder. Its events are read from a
 * file beside it, so that the next daemon can read them, too.
 *
 * @module
 */
import type { Host, Process } from "../../host/host.ts";
import { ViperError } from "../../protocol/problems.ts";
import { CloudHypervisorApi, CloudHypervisorError } from "./cloud_hypervisor_api.ts";
import {
  cloudHypervisorArgv,
  type CloudHypervisorFiles,
  cloudHypervisorFiles,
  isOwnFile,
  markAmong,
  openFiles,
  vmConfig,
} from "./cloud_hypervisor_config.ts";
import { CloudHypervisorMachine } from "./cloud_hypervisor_machine.ts";
import {
  INSTALL_HINT,
  isSupported,
  probeCloudHypervisor,
  tooOld,
} from "./cloud_hypervisor_version.ts";
import { endLaunched, launch } from "./launch.ts";
import { foundProcess, ownProcess } from "./machine_process.ts";
import { findProcess, isMachineOf } from "./process_ref.ts";
import type { Machine, MachinePlace, MachineSpec, Runtime } from "./runtime.ts";
import { assertSocketPath } from "./socket_path.ts";

/** How long it may take from start to an open API socket, in milliseconds. */
const START_TIMEOUT_MS = 20_000;
const CONNECT_INTERVAL_MS = 10;
/** How long one of an earlier daemon may take to answer, in milliseconds. */
const ADOPT_TIMEOUT_MS = 5_000;
/** Bytes of its log's beginning that a failure quotes. */
const LOG_QUOTE_BYTES = 1_000;
/** What a shell exits with when it cannot find the program. */
const EXIT_NOT_FOUND = 127;
const MARK_BYTES = 4;

/** Settings of {@linkcode cloudHypervisorRuntime}. */
export interface CloudHypervisorOptions {
  /** A path, or a name on the PATH. */
  readonly binary: string;
}

/** Machines as Cloud Hypervisor processes. */
export function cloudHypervisorRuntime(
  host: Host,
  { binary }: CloudHypervisorOptions,
): Runtime {
  const maker = new Maker(host, binary);
  return {
    name: "cloud-hypervisor",
    traits: { image: true, network: true },
    probe: () => probeCloudHypervisor(host, binary),
    create: (spec, signal) => maker.create(spec, signal),
    adopt: (place, signal) => adopt(host, place, signal),
  };
}

/** Makes machines; it remembers whether the kernel can confine them. */
class Maker {
  #hasLandlock = true;

  constructor(private readonly host: Host, private readonly binary: string) {}

  /** See {@linkcode Runtime.create}. */
  async create(spec: MachineSpec, signal: AbortSignal): Promise<Machine> {
    signal.throwIfAborted();
    const { host } = this;
    const mark = host.random.bytes(MARK_BYTES).toHex();
    const files = cloudHypervisorFiles(spec.runDir, mark);
    assertSocketPath("Cloud Hypervisor", spec.id, files.socket);
    await using undo = new AsyncDisposableStack();
    try {
      const remove = () => removeFiles(host, spec.runDir);
      undo.defer(remove);
      await remove();

      const process = await launch(host, {
        ...spec,
        label: "runtime.cloud_hypervisor:spawn",
        vmId: spec.id,
        argv: cloudHypervisorArgv(this.binary, mark),
        files: openFiles(spec, files),
        log: files.log,
      });
      undo.defer(() => endLaunched(host, process, spec.id));

      const kills = () => process.kill("SIGKILL");
      signal.addEventListener("abort", kills, { once: true });
      undo.defer(() => signal.removeEventListener("abort", kills));

      await listening(host, spec, process, files, signal);
      const api = undo.use(new CloudHypervisorApi(host, files.socket));
      await this.#assertVersion(api);
      await this.#createVm(api, spec);

      const ref = await findProcess(host, process.pid, "runtime.cloud_hypervisor:find");
      if (ref === null) throw await startFailure(host, spec, process, files);
      signal.throwIfAborted();
      signal.removeEventListener("abort", kills);
      undo.move();
      const own = ownProcess(process, ref);
      return new CloudHypervisorMachine(host, {
        id: spec.id,
        process: own,
        api,
        files,
        removeFiles: remove,
      });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ViperError) throw error;
      const reason = error instanceof CloudHypervisorError ? `: ${error.message}` : "";
      throw new ViperError(
        "vm_start_failed",
        `Cannot start Cloud Hypervisor for VM "${spec.id}"${reason}`,
        { cause: error },
      );
    }
  }

  /** The program may have been exchanged since it was probed. */
  async #assertVersion(api: CloudHypervisorApi): Promise<void> {
    const version = await api.ping();
    if (isSupported(version)) return;
    throw new ViperError(
      "runtime_unavailable",
      `Cannot use Cloud Hypervisor: ${tooOld(this.binary, version)}`,
      { hint: INSTALL_HINT },
    );
  }

  /** Confined to the machine's files where the kernel has Landlock, else with a warning, once. */
  async #createVm(api: CloudHypervisorApi, spec: MachineSpec): Promise<void> {
    // It looks there how many queues the tap has; a namespace may have no such path.
    const tap = `/sys/class/net/${spec.tap}`;
    const info = await this.host.files.stat("runtime.cloud_hypervisor:tap_find", tap);
    const landlock = { isOn: this.#hasLandlock, readable: info === null ? [] : [tap] };
    try {
      await api.create(vmConfig(spec, landlock));
    } catch (error) {
      if (!landlock.isOn || !/landlock/i.test(String(error))) throw error;
      this.#hasLandlock = false;
      this.host.log("warn", "The kernel does not confine hypervisors: it lacks Landlock", {
        error,
      });
      // It keeps the description that it could not apply.
      await api.put("vm.delete");
      await api.create(vmConfig(spec, { isOn: false, readable: [] }));
    }
  }
}

/** See {@linkcode Runtime.adopt}. */
async function adopt(
  host: Host,
  { id, ref, runDir }: MachinePlace,
  signal: AbortSignal,
): Promise<Machine | null> {
  signal.throwIfAborted();
  if (!await isMachineOf(host, ref, id)) return null;
  const mark = markAmong(await host.files.list("runtime.cloud_hypervisor:adopt_list", runDir));
  if (mark === null) return null;
  const files = cloudHypervisorFiles(runDir, mark);
  await using undo = new AsyncDisposableStack();
  const api = undo.use(new CloudHypervisorApi(host, files.socket));
  try {
    await api.ping(ADOPT_TIMEOUT_MS);
    await api.state(ADOPT_TIMEOUT_MS);
  } catch (error) {
    signal.throwIfAborted();
    const fields = { vm: id, pid: ref.pid, error };
    host.log("warn", "Cloud Hypervisor does not answer and is not adopted", fields);
    return null;
  }
  signal.throwIfAborted();
  undo.move();
  return new CloudHypervisorMachine(host, {
    id,
    process: foundProcess(host, ref),
    api,
    files,
    removeFiles: () => removeFiles(host, runDir),
  });
}

/** Waits until the API socket is open, the process ends, or time is up. */
async function listening(
  host: Host,
  spec: MachineSpec,
  process: Process,
  files: CloudHypervisorFiles,
  signal: AbortSignal,
): Promise<void> {
  const deadline = host.clock.monotonicMs() + START_TIMEOUT_MS;
  let hasEnded = false;
  process.exited.then(() => hasEnded = true);
  while (true) {
    signal.throwIfAborted();
    if (hasEnded) throw await startFailure(host, spec, process, files);
    try {
      const address = { transport: "unix", path: files.socket } as const;
      const connection = await host.net.connect(
        "runtime.cloud_hypervisor:connect",
        address,
        signal,
      );
      return connection.close();
    } catch (error) {
      if (!isNotListening(error) && !hasEnded) throw error;
    }
    if (host.clock.monotonicMs() > deadline) {
      throw new ViperError(
        "vm_start_failed",
        `Cannot start Cloud Hypervisor for VM "${spec.id}": no answer within ${START_TIMEOUT_MS} ms`,
      );
    }
    await host.clock.sleep(CONNECT_INTERVAL_MS, signal);
  }
}

/** There is no socket yet, or nobody listens on it yet. */
function isNotListening(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === "ENOENT" || code === "ECONNREFUSED";
}

/** Why it ended, in its own words. */
async function startFailure(
  host: Host,
  spec: MachineSpec,
  process: Process,
  { log }: CloudHypervisorFiles,
): Promise<ViperError> {
  const { code } = await process.exited;
  const label = "runtime.cloud_hypervisor:log_read";
  const bytes = await host.files.readFrom(label, log, 0, LOG_QUOTE_BYTES)
    .catch(() => new Uint8Array());
  const reason = new TextDecoder().decode(bytes).trim() || "it said nothing";
  const message =
    `Cannot start Cloud Hypervisor for VM "${spec.id}": it ended with code ${code}: ${reason}`;
  return code === EXIT_NOT_FOUND
    ? new ViperError("runtime_unavailable", message, { hint: INSTALL_HINT })
    : new ViperError("vm_start_failed", message);
}

async function removeFiles(host: Host, runDir: string): Promise<void> {
  for (const name of await host.files.list("runtime.cloud_hypervisor:list_undo", runDir)) {
    if (!isOwnFile(name)) continue;
    await host.files.remove("runtime.cloud_hypervisor:remove_undo", `${runDir}/${name}`);
  }
}
