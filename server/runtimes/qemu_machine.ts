import type { Host, Process } from "../../host/host.ts";
import type { Accel } from "../../protocol/vms.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { QmpClient } from "./qmp.ts";
import type { Machine, MachineEnd, MachineInfo, MachineRef } from "./runtime.ts";
import { within } from "./within.ts";

/** How long QEMU may take to end by itself, and after SIGKILL, in milliseconds. */
const QUIT_TIMEOUT_MS = 3_000;
const KILL_TIMEOUT_MS = 5_000;

/** What {@linkcode QemuMachine} is made of. */
export interface QemuParts {
  readonly id: string;
  readonly ref: MachineRef;
  readonly accel: Accel;
  readonly process: Process;
  readonly qmp: QmpClient;
}

/** One QEMU process, spoken to over QMP. */
export class QemuMachine implements Machine {
  readonly ref: MachineRef;
  readonly accel: Accel;
  readonly exited: Promise<MachineEnd>;
  #hasExited = false;
  #isAskedToEnd = false;

  constructor(
    private readonly host: Host,
    private readonly parts: QemuParts,
    private readonly removeFiles: () => Promise<void>,
  ) {
    this.ref = parts.ref;
    this.accel = parts.accel;
    this.exited = parts.process.exited.then(async (status) => {
      this.#hasExited = true;
      await parts.qmp.close();
      return { cause: this.#isAskedToEnd ? "requested" : "process_exit", status };
    });
  }

  async boot(): Promise<void> {
    try {
      await this.parts.qmp.execute("cont");
    } catch (cause) {
      throw new ViperError("vm_start_failed", `Cannot boot VM "${this.parts.id}"`, { cause });
    }
  }

  async info(): Promise<MachineInfo> {
    if (this.#hasExited) return { state: "shutdown" };
    try {
      const { status } = await this.parts.qmp.execute("query-status") as { status: string };
      return { state: machineState(status) };
    } catch (error) {
      // It may have ended while it was asked.
      if (await this.#endsWithin(QUIT_TIMEOUT_MS)) return { state: "shutdown" };
      throw error;
    }
  }

  async powerButton(): Promise<void> {
    if (this.#hasExited) return;
    try {
      await this.parts.qmp.execute("system_powerdown");
    } catch (error) {
      if (!await this.#endsWithin(QUIT_TIMEOUT_MS)) throw error;
    }
  }

  pause(): Promise<void> {
    return this.#command("pause", "stop");
  }

  resume(): Promise<void> {
    return this.#command("resume", "cont");
  }

  async shutdown(): Promise<void> {
    this.#isAskedToEnd = true;
    if (!this.#hasExited) {
      // A QEMU that does not heed this is killed below.
      await this.parts.qmp.execute("quit", {}, QUIT_TIMEOUT_MS).catch(() => {});
      if (await this.#endsWithin(QUIT_TIMEOUT_MS)) return;
      this.parts.process.kill("SIGKILL");
    }
    if (await this.#endsWithin(KILL_TIMEOUT_MS)) return;
    throw new ViperError(
      "internal",
      `Cannot end VM "${this.parts.id}": process ${this.ref.pid} outlives SIGKILL`,
    );
  }

  async delete(): Promise<void> {
    await this.shutdown();
    await this.removeFiles();
  }

  async release(): Promise<void> {
    await this.parts.qmp.close();
  }

  async #command(verb: string, command: string): Promise<void> {
    try {
      await this.parts.qmp.execute(command);
    } catch (cause) {
      throw new ViperError("vm_busy", `Cannot ${verb} VM "${this.parts.id}"`, { cause });
    }
  }

  async #endsWithin(ms: number): Promise<boolean> {
    return await within(this.host.clock, ms, this.exited, () => new Error("late"))
      .then(() => true, () => false);
  }
}

/** QEMU's RunState as the contract's; https://www.qemu.org/docs/master/interop/qemu-qmp-ref.html */
function machineState(status: string): MachineInfo["state"] {
  if (status === "prelaunch" || status === "inmigrate") return "created";
  if (status === "paused") return "paused";
  if (status === "shutdown" || status === "guest-panicked") return "shutdown";
  return "running";
}
