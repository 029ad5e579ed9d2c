import type { Host } from "../../host/host.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { MachineProcess } from "./machine_process.ts";
import { continueProcesses, killLeftover, processStat, stopProcesses } from "./process_ref.ts";
import type { Machine, MachineEnd, MachineInfo, MachineRef } from "./runtime.ts";
import { within } from "./within.ts";

/** How long the agent may take to close its browser and end, in milliseconds. */
const TERMINATE_TIMEOUT_MS = 5_000;

/** One agent process and whatever it starts; whichever daemon started it. */
export class LocalMachine implements Machine {
  readonly accel = "none";
  readonly ref: MachineRef;
  readonly exited: Promise<MachineEnd>;
  #cause: MachineEnd["cause"] = "process_exit";
  #state: MachineInfo["state"];

  constructor(
    private readonly host: Host,
    private readonly id: string,
    private readonly process: MachineProcess,
    state: MachineInfo["state"],
  ) {
    this.#state = state;
    this.ref = process.ref;
    this.exited = process.exited.then((status) => {
      this.#state = "shutdown";
      return { cause: this.#cause, status };
    });
  }

  async boot(): Promise<void> {
    if (this.#state === "shutdown") {
      throw new ViperError("vm_start_failed", `Cannot boot VM "${this.id}": its process is gone`);
    }
    await continueProcesses(this.host, this.#all);
    this.#state = "running";
  }

  /** An agent has no word of its own on this: that it is stopped by somebody else is seen. */
  async info(): Promise<MachineInfo> {
    if (this.#state === "running") {
      const stat = await processStat(this.host, "runtime.local:info", this.ref.pid);
      if (stat?.state === "T") throw new Error(`Process ${this.ref.pid} was stopped by a signal`);
    }
    return { state: this.#state };
  }

  async pause(): Promise<void> {
    await this.#change("pause", "paused", stopProcesses);
  }

  async resume(): Promise<void> {
    await this.#change("resume", "running", continueProcesses);
  }

  async powerButton(): Promise<void> {
    if (this.#cause === "process_exit") this.#cause = "guest_poweroff";
    await this.process.kill("SIGTERM");
  }

  async shutdown(): Promise<void> {
    if (this.#state !== "shutdown") this.#cause = "requested";
    if (this.#state === "running") {
      await this.process.kill("SIGTERM");
      await within(this.host.clock, TERMINATE_TIMEOUT_MS, this.exited, () => new Error("late"))
        .catch(() => {});
    }
    // Chrome has a process group of its own and may outlive an agent that was killed.
    await killLeftover(this.host, this.#all);
    await this.exited;
  }

  async delete(): Promise<void> {
    await this.shutdown();
  }

  release(): Promise<void> {
    this.process.release();
    return Promise.resolve();
  }

  get #all(): { readonly ref: MachineRef; readonly vmId: string } {
    return { ref: this.ref, vmId: this.id };
  }

  async #change(
    verb: string,
    state: MachineInfo["state"],
    change: (host: Host, machine: { ref: MachineRef; vmId: string }) => Promise<void>,
  ): Promise<void> {
    try {
      if (this.#state === "shutdown") throw new Error("Its process is gone");
      await change(this.host, this.#all);
    } catch (cause) {
      throw new ViperError("vm_busy", `Cannot ${verb} VM "${this.id}"`, { cause });
    }
    this.#state = state;
  }
}
