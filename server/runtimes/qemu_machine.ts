import type { Host } from "../../host/host.ts";
import type { Accel } from "../../protocol/vms.ts";
import { ViperError } from "../../protocol/problems.ts";
import { killMachine, type MachineProcess } from "./machine_process.ts";
import type { QemuEnd } from "./qemu_end.ts";
import type { QmpClient } from "./qmp.ts";
import type { Machine, MachineEnd, MachineInfo, MachineRef } from "./runtime.ts";
import { isWithin } from "./within.ts";

/** How long QEMU may take to say how it is, in milliseconds; one that does not hangs. */
const INFO_TIMEOUT_MS = 5_000;
/** How long QEMU may take to end by itself, in milliseconds. */
const QUIT_TIMEOUT_MS = 3_000;
/** How long the last events of a process that is gone are waited for, in milliseconds. */
const LAST_WORDS_TIMEOUT_MS = 1_000;

/** What {@linkcode QemuMachine} is made of. */
export interface QemuParts {
  readonly id: string;
  readonly accel: Accel;
  readonly process: MachineProcess;
  readonly qmp: QmpClient;
  /** Told of every event from the connection's start on. */
  readonly end: QemuEnd;
  /** Removes what QEMU left in the machine's folder. */
  readonly removeFiles: () => Promise<void>;
}

/** One QEMU process, spoken to over QMP; whichever daemon started it. */
export class QemuMachine implements Machine {
  readonly ref: MachineRef;
  readonly accel: Accel;
  readonly exited: Promise<MachineEnd>;
  #hasExited = false;

  constructor(private readonly host: Host, private readonly parts: QemuParts) {
    const { process, qmp, end } = parts;
    this.ref = process.ref;
    this.accel = parts.accel;
    this.exited = process.exited.then(async (status) => {
      this.#hasExited = true;
      // The reason may still stand in the socket.
      await isWithin(host.clock, LAST_WORDS_TIMEOUT_MS, qmp.closed);
      await qmp.close();
      return { cause: end.cause, status };
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
    const { qmp } = this.parts;
    try {
      const answer = await qmp.execute("query-status", {}, INFO_TIMEOUT_MS) as { status: string };
      return { state: machineState(answer.status) };
    } catch (error) {
      // It may have ended while it was asked.
      if (qmp.isOpen || !await this.#endsWithin(QUIT_TIMEOUT_MS)) throw error;
      return { state: "shutdown" };
    }
  }

  pause(): Promise<void> {
    return this.#command("pause", "stop");
  }

  resume(): Promise<void> {
    return this.#command("resume", "cont");
  }

  async powerButton(): Promise<void> {
    if (this.#hasExited) return;
    try {
      await this.parts.qmp.execute("system_powerdown");
    } catch (error) {
      if (!await this.#endsWithin(QUIT_TIMEOUT_MS)) throw error;
    }
  }

  async shutdown(): Promise<void> {
    const { qmp, process, end, id } = this.parts;
    end.request();
    // A QEMU that does not heed this, such as one that is stopped by a signal, is killed.
    const isHeeded = await qmp.execute("quit", {}, QUIT_TIMEOUT_MS)
      .then(() => true, () => this.#hasExited);
    if (isHeeded && await this.#endsWithin(QUIT_TIMEOUT_MS)) return;
    await killMachine(id, process, this.exited, this.host.clock);
  }

  async delete(): Promise<void> {
    await this.shutdown();
    await this.parts.removeFiles();
  }

  async release(): Promise<void> {
    this.parts.process.release();
    await this.parts.qmp.close();
  }

  async #command(verb: string, command: string): Promise<void> {
    try {
      await this.parts.qmp.execute(command);
    } catch (cause) {
      throw new ViperError("vm_busy", `Cannot ${verb} VM "${this.parts.id}"`, { cause });
    }
  }

  #endsWithin(ms: number): Promise<boolean> {
    return isWithin(this.host.clock, ms, this.exited);
  }
}

/** QEMU's RunState as the contract's; https://www.qemu.org/docs/master/interop/qemu-qmp-ref.html */
function machineState(status: string): MachineInfo["state"] {
  if (status === "prelaunch" || status === "inmigrate") return "created";
  if (status === "paused") return "paused";
  if (status === "shutdown" || status === "guest-panicked") return "shutdown";
  return "running";
}
