import type { Host, Process } from "../../host/host.ts";
import { ViperError } from "../../protocol/problems.ts";
import { killLeftover } from "./process_ref.ts";
import type { Machine, MachineEnd, MachineInfo, MachineRef } from "./runtime.ts";
import { within } from "./within.ts";

/** How long the agent may take to close its browser and end, in milliseconds. */
const TERMINATE_TIMEOUT_MS = 5_000;

/** One agent process and whatever it starts. */
export class LocalMachine implements Machine {
  readonly accel = "none";
  readonly exited: Promise<MachineEnd>;
  #state: MachineInfo["state"] = "created";
  #isAskedToEnd = false;

  constructor(
    private readonly host: Host,
    private readonly id: string,
    readonly ref: MachineRef,
    private readonly process: Process,
  ) {
    this.exited = process.exited.then((status) => {
      this.#state = "shutdown";
      return { cause: this.#isAskedToEnd ? "requested" : "process_exit", status };
    });
  }

  // deno-lint-ignore require-await
  async boot(): Promise<void> {
    if (this.#state === "shutdown") {
      throw new ViperError("vm_start_failed", `Cannot boot VM "${this.id}": its process is gone`);
    }
    this.process.kill("SIGCONT");
    this.#state = "running";
  }

  info(): Promise<MachineInfo> {
    return Promise.resolve({ state: this.#state });
  }

  powerButton(): Promise<void> {
    this.process.kill("SIGTERM");
    return Promise.resolve();
  }

  pause(): Promise<void> {
    this.host.signal("runtime.local:pause", this.ref.pid, "SIGSTOP");
    this.#state = "paused";
    return Promise.resolve();
  }

  resume(): Promise<void> {
    this.host.signal("runtime.local:resume", this.ref.pid, "SIGCONT");
    this.#state = "running";
    return Promise.resolve();
  }

  async shutdown(): Promise<void> {
    this.#isAskedToEnd = true;
    if (this.#state === "running") {
      this.process.kill("SIGTERM");
      await within(this.host.clock, TERMINATE_TIMEOUT_MS, this.exited, () => new Error("late"))
        .catch(() => {});
    }
    // Chrome has a process group of its own and may outlive an agent that was killed.
    await killLeftover(this.host, { ref: this.ref, vmId: this.id });
    await this.exited;
  }

  async delete(): Promise<void> {
    await this.shutdown();
  }

  release(): Promise<void> {
    return Promise.resolve();
  }
}
