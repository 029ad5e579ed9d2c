/**
 * The contract of a runtime: what turns a description of a machine into a running one.
 *
 * The steps are those of Cloud Hypervisor's REST API (vm.create, vm.boot, vm.info,
 * vm.power-button, vm.pause, vm.resume, vm.shutdown, vm.delete), so that each runtime maps one to
 * one. Snapshot and restore are to be added as optional members beside a capability.
 *
 * A runtime starts processes and nothing else: taps, leases, cgroups and staged files belong to its
 * caller and exist before `create` and after `delete`.
 *
 * A machine's process outlives the daemon. The next daemon finds it by its {@linkcode MachineRef}
 * and takes it over with {@linkcode Runtime.adopt}.
 *
 * `tests/conformance/` holds the suite that every runtime passes.
 *
 * @module
 */
import type { Accel, ImageLayout, RuntimeName } from "../../protocol/vms.ts";
import type { ExitStatus } from "../../host/host.ts";

/** Everything a runtime needs to know of one machine. */
export interface MachineSpec {
  /** The VM's id: a label of `[a-z0-9-]`, 36 characters at most. */
  readonly id: string;
  readonly cpuCores: number;
  readonly memoryMb: number;
  readonly layout: ImageLayout;
  /** Absolute path of an uncompressed PVH kernel. */
  readonly kernel: string;
  /** Absolute path of this machine's own staged initramfs. */
  readonly initramfs: string;
  /** Absolute path of the shared root image, opened read-only; only in layout `disk`. */
  readonly rootfs: string | null;
  readonly cmdline: string;
  readonly tap: string;
  readonly mac: string;
  /** The machine's own folder: sockets go here. */
  readonly runDir: string;
  /** The serial console is appended to this file. */
  readonly consoleLog: string;
  /** The instance's file on the host, for a runtime whose guest has no initramfs. */
  readonly instanceFile: string;
  /** Whom the process runs as, user and group number alike; `null`: the daemon's own user. */
  readonly uid: number | null;
  /** Absolute path of the cgroup (version 2) that the process enters; `null` where there is none. */
  readonly cgroup: string | null;
}

/** What is needed to find a machine that an earlier daemon made. */
export type MachinePlace =
  & Pick<MachineSpec, "id" | "runDir" | "consoleLog">
  & { readonly ref: MachineRef; readonly accel: Accel };

/** Enough to find a machine's process again after the daemon's restart; JSON. */
export interface MachineRef {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat, so that a number used again is not mistaken (proc(5)). */
  readonly startTicks: number;
}

/** What a machine says of itself; the states are Cloud Hypervisor's. */
export interface MachineInfo {
  readonly state: "created" | "running" | "paused" | "shutdown";
}

/** Why a machine's process is gone. */
export interface MachineEnd {
  /**
   * `requested`: shutdown() or delete(). `guest_poweroff`, `guest_reset`, `guest_panic`: the guest
   * did that. `process_exit`: the process ended for no reason that the runtime knows, such as a
   * signal from outside.
   */
  readonly cause: "requested" | "guest_poweroff" | "guest_reset" | "guest_panic" | "process_exit";
  /** `null` for an adopted process, whose exit nobody can wait for. */
  readonly status: ExitStatus | null;
}

/** A machine that was created; nothing of it runs before {@linkcode Machine.boot}. */
export interface Machine {
  readonly ref: MachineRef;
  readonly accel: Accel;
  /** Resolves once, when the machine's process is gone for whatever reason. Never rejects. */
  readonly exited: Promise<MachineEnd>;
  /** Lets the guest's processors run. Called once. @throws {ViperError} `vm_start_failed` */
  boot(): Promise<void>;
  /** @throws when the process is there and does not answer in time: it hangs */
  info(): Promise<MachineInfo>;
  /** Stops the guest's processors; memory and devices stay. @throws {ViperError} `vm_busy` */
  pause(): Promise<void>;
  /** Lets a paused guest go on. @throws {ViperError} `vm_busy` */
  resume(): Promise<void>;
  /** Presses the power button and returns; whether the guest heeds it is the guest's affair. */
  powerButton(): Promise<void>;
  /** Ends the machine without asking the guest and waits until its process is gone. Idempotent. */
  shutdown(): Promise<void>;
  /** Shuts down and removes what the runtime made in `runDir`. Idempotent; never throws for a machine that is gone. */
  delete(): Promise<void>;
  /** Lets go of the machine, which runs on for the next daemon to adopt. */
  release(): Promise<void>;
}

/** Whether and how well this host can run the runtime. */
export type Availability =
  | {
    readonly available: true;
    readonly version: string;
    readonly accel: Accel;
    /** Said in the log at start, such as that emulation is slow. */
    readonly warning?: string;
  }
  | { readonly available: false; readonly reason: string; readonly hint: string };

/** What a runtime's machines need of their caller. */
export interface RuntimeTraits {
  /** A guest image (kernel, initramfs, root). */
  readonly image: boolean;
  /** A bridge, a tap and a lease that the guest can really use. */
  readonly network: boolean;
}

/** A way to run machines. */
export interface Runtime {
  readonly name: RuntimeName;
  readonly traits: RuntimeTraits;
  /** Looks without touching; cheap enough to be called at every start. */
  probe(): Promise<Availability>;
  /**
   * Starts the machine's process, all or nothing: a rejection leaves no process behind.
   *
   * @throws {ViperError} `vm_start_failed` or `runtime_unavailable`
   */
  create(spec: MachineSpec, signal: AbortSignal): Promise<Machine>;
  /**
   * Takes over a machine of an earlier daemon: `null` when its process is gone, is another one, or
   * does not answer within a bound. Changes nothing then; the caller cleans up.
   */
  adopt(place: MachinePlace, signal: AbortSignal): Promise<Machine | null>;
}
