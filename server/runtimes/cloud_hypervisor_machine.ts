import type { Host } from "../../host/host.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { CloudHypervisorApi, VmState } from "./cloud_hypervisor_api.ts";
import type { CloudHypervisorFiles } from "./cloud_hypervisor_config.ts";
import { CloudHypervisorEnd } from "./cloud_hypervisor_end.ts";
import type { CloudHypervisorEvent } from "./cloud_hypervisor_events.ts";
import { EventFollower } from "./cloud_hypervisor_follower.ts";
import { killMachine, type MachineProcess } from "./machine_process.ts";
import { isAlive } from "./process_ref.ts";
import type { Machine, MachineEnd, MachineInfo, MachineRef } from "./runtime.ts";
import { isWithin } from "./within.ts";

/** How long it may take to say how it is, in milliseconds; one that does not hangs. */
const INFO_TIMEOUT_MS = 5_000;
/** How long it may take to end when it is asked to, by request and by SIGTERM. */
const SHUTDOWN_TIMEOUT_MS = 3_000;
const TERMINATE_TIMEOUT_MS = 2_000;
/** How long the last events of a process that is gone are read, in milliseconds. */
const LAST_WORDS_TIMEOUT_MS = 1_000;

/** What {@linkcode CloudHypervisorMachine} is made of. */
export interface CloudHypervisorParts {
  readonly id: string;
  readonly process: MachineProcess;
  readonly api: CloudHypervisorApi;
  readonly files: CloudHypervisorFiles;
  /** Removes what Cloud Hypervisor left in the machine's folder. */
  readonly removeFiles: () => Promise<void>;
}

/** One Cloud Hypervisor process, whichever daemon started it. */
export class CloudHypervisorMachine implements Machine {
  readonly ref: MachineRef;
  readonly accel = "kvm";
  readonly exited: Promise<MachineEnd>;
  readonly #end = new CloudHypervisorEnd();
  readonly #follower: EventFollower;
  #hasExited = false;

  constructor(private readonly host: Host, private readonly parts: CloudHypervisorParts) {
    const { process, api, files } = parts;
    this.ref = process.ref;
    this.#follower = new EventFollower(host, files, (event) => this.#note(event));
    this.exited = process.exited.then(async (status) => {
      this.#hasExited = true;
      // The reason may still stand in the file.
      await isWithin(host.clock, LAST_WORDS_TIMEOUT_MS, this.#follower.finish());
      await this.#follower.stop();
      api[Symbol.dispose]();
      return { cause: this.#end.cause, status };
    });
  }

  async boot(): Promise<void> {
    try {
      await this.parts.api.boot();
    } catch (cause) {
      throw this.#problem("vm_start_failed", "boot", cause);
    }
  }

  async info(): Promise<MachineInfo> {
    if (this.#hasExited) return { state: "shutdown" };
    try {
      return { state: this.#machineState(await this.parts.api.state(INFO_TIMEOUT_MS)) };
    } catch (error) {
      // It may have ended while it was asked.
      if (!await this.#endsWithin(LAST_WORDS_TIMEOUT_MS)) throw error;
      return { state: "shutdown" };
    }
  }

  async pause(): Promise<void> {
    await this.parts.api.put("vm.pause").catch((cause) => {
      throw this.#problem("vm_busy", "pause", cause);
    });
  }

  async resume(): Promise<void> {
    await this.parts.api.put("vm.resume").catch((cause) => {
      throw this.#problem("vm_busy", "resume", cause);
    });
  }

  async powerButton(): Promise<void> {
    if (this.#hasExited) return;
    try {
      await this.parts.api.put("vm.power-button");
    } catch (error) {
      if (!this.#end.isNear && !await this.#endsWithin(SHUTDOWN_TIMEOUT_MS)) throw error;
    }
  }

  /** Asks it to end, which ends its guest first; one that does not heed that gets signals. */
  async shutdown(): Promise<void> {
    const { api, process, id } = this.parts;
    this.#end.request();
    const isHeeded = await api.put("vmm.shutdown", SHUTDOWN_TIMEOUT_MS)
      .then(() => true, () => this.#hasExited);
    if (isHeeded && await this.#endsWithin(SHUTDOWN_TIMEOUT_MS)) return;
    if (await isAlive(this.host, this.ref, "runtime.cloud_hypervisor:alive_undo")) {
      this.host.signal("runtime.cloud_hypervisor:terminate_undo", this.ref.pid, "SIGTERM");
      if (await this.#endsWithin(TERMINATE_TIMEOUT_MS)) return;
    }
    await killMachine(id, process, this.exited, this.host.clock);
  }

  async delete(): Promise<void> {
    await this.shutdown();
    await this.parts.removeFiles();
  }

  async release(): Promise<void> {
    this.parts.process.release();
    await this.#follower.stop();
    this.parts.api[Symbol.dispose]();
  }

  /** A guest that ended itself leaves a process that does nothing, or would boot again in place. */
  #note(event: CloudHypervisorEvent): void {
    const { id: vm, process } = this.parts;
    const isBad = event.source === "guest" || event.event === "rebooting";
    this.host.log(isBad ? "warn" : "debug", "Cloud Hypervisor reports an event", { vm, ...event });
    if (!this.#end.note(event)) return;
    process.kill().catch((error) => this.host.log("warn", "Cannot end a machine", { vm, error }));
  }

  #machineState(state: VmState): MachineInfo["state"] {
    if (state === "Paused") return "paused";
    if (state === "Shutdown") return "shutdown";
    // So it says once the guest is gone, too.
    if (state === "Created") return this.#end.isNear ? "shutdown" : "created";
    return "running";
  }

  #problem(code: "vm_busy" | "vm_start_failed", verb: string, cause: unknown): ViperError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new ViperError(code, `Cannot ${verb} VM "${this.parts.id}": ${reason}`, { cause });
  }

  #endsWithin(ms: number): Promise<boolean> {
    return isWithin(this.host.clock, ms, this.exited);
  }
}
