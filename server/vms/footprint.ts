/**
 * What one VM occupies on the host: a folder, a staged initramfs or instance file, a tap and a
 * process. Each step stands beside its undo; every undo works from the id alone and twice over,
 * so that a rollback, a delete and the clean-up after a daemon's crash are the same code.
 *
 * @module
 */
import type { Host } from "../../host/host.ts";
import type { Accel, Egress, ImageLayout, RuntimeName } from "../../protocol/vms.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { Instance } from "../../protocol/guest.ts";
import type { Machine, MachineRef, MachineSpec, Runtime } from "../runtimes/runtime.ts";
import type { TapPlan } from "../network/tap.ts";
import { killLeftover } from "../runtimes/process_ref.ts";
import { consoleFile, removeLogs } from "../logs/log_files.ts";
import type { GuestImage } from "./guest_image.ts";
import { stageInitramfs, stageInstance } from "./staging.ts";

/** An undo is tried so often before the fault is reported. */
const UNDO_TRIES = 3;
const UNDO_PAUSE_MS = 200;

/** Bytes of a console's log that start a new one; the one before is kept, older ones are not. */
export const CONSOLE_LOG_BYTES_MAX = 1024 * 1024;
const CONSOLE_CHECK_MS = 5_000;

/** Makes and removes a VM's tap; all by the VM's id. */
export interface TapMaker {
  createTap(id: string, plan: TapPlan): Promise<{ readonly name: string }>;
  setEgress(id: string, egress: Egress): Promise<void>;
  removeTap(id: string): Promise<void>;
  /** Ids of the VMs whose taps stand. */
  tapOwners(): Promise<string[]>;
}

/** Makes and removes a VM's cgroup; all by the VM's id. */
export interface CgroupMaker {
  /** @returns the cgroup's folder */
  create(
    id: string,
    limits: { readonly cpuCores: number; readonly memoryMb: number; readonly accel: Accel },
  ): Promise<string>;
  remove(id: string): Promise<void>;
  /** Ids of the VMs whose cgroups stand. */
  owners(): Promise<string[]>;
  /** Whether the kernel ended a process in it for want of memory. */
  wasStarved(id: string): Promise<boolean>;
}

/** What footprints are made with; one for all VMs. */
export interface FootprintParts {
  readonly host: Host;
  /** Makes new machines. */
  readonly runtime: Runtime;
  /** All that can adopt machines: an earlier daemon may have used another. */
  readonly runtimes: readonly Runtime[];
  /** `null` for a runtime that needs no network of ours. */
  readonly taps: TapMaker | null;
  /** `null` where the host has no cgroups of version 2. */
  readonly cgroups: CgroupMaker | null;
  readonly runtimeDir: string;
  readonly logDir: string;
}

/** What the caller has decided about one VM. */
export interface FootprintPlan {
  readonly cpuCores: number;
  readonly memoryMb: number;
  /** How the guest's processor will run. */
  readonly accel: Accel;
  readonly layout: ImageLayout;
  readonly image: GuestImage | null;
  readonly cmdline: string;
  readonly mac: string;
  /** `null` for a guest that has no network of ours. */
  readonly ip: string | null;
  readonly egress: Egress;
  /** Whom the machine's process runs as; `null`: the daemon's own user. */
  readonly uid: number | null;
  readonly instance: Instance;
}

/** What is known of a machine that an earlier daemon made. */
export interface Leftover {
  readonly ref: MachineRef;
  readonly row: { readonly runtime: RuntimeName; readonly accel: Accel };
}

/** One VM's place on the host. */
export class Footprint {
  #machine: Machine | null = null;
  #consoleCheck: Disposable | null = null;
  /** Whether something of it may stand; an earlier daemon may have left anything. */
  #mayStand = true;

  constructor(readonly id: string, private readonly parts: FootprintParts) {}

  /**
   * What the serial console printed, until the VM is removed. It is as the guest wrote it;
   * `server/logs/` makes the log of it that people read.
   */
  get consoleLog(): string {
    return consoleFile(this.parts.logDir, this.id);
  }

  get #folder(): string {
    return `${this.parts.runtimeDir}/${this.id}`;
  }

  /** Makes everything up to a machine that is created and not booted; after a failure, release. */
  async acquire(plan: FootprintPlan, signal: AbortSignal): Promise<Machine> {
    this.#mayStand = true;
    const spec = await this.#prepare(plan);
    this.#machine = await this.parts.runtime.create(spec, signal);
    this.#boundConsole();
    return this.#machine;
  }

  /** Takes over the machine of an earlier daemon; `null` when it is gone. */
  async adopt({ ref, row }: Leftover, signal: AbortSignal): Promise<Machine | null> {
    const runtime = this.parts.runtimes.find(({ name }) => name === row.runtime);
    const { id, consoleLog } = this;
    const place = { id, runDir: this.#folder, consoleLog, ref, accel: row.accel };
    this.#machine = await runtime?.adopt(place, signal) ?? null;
    if (this.#machine !== null) this.#boundConsole();
    return this.#machine;
  }

  /** Lets go of the machine and of all that stands, for the next daemon. */
  async letGo(): Promise<void> {
    this.#consoleCheck?.[Symbol.dispose]();
    await this.#machine?.release();
    this.#machine = null;
  }

  /** @throws {ViperError} `runtime_unavailable`, where nobody could hold a guest to its egress */
  assertNetwork(vmName: string): void {
    if (this.parts.taps !== null) return;
    throw new ViperError(
      "runtime_unavailable",
      `Cannot change what VM "${vmName}" may reach: its runtime has no network of Viper's`,
    );
  }

  /** Whether the kernel ended the machine for want of memory, as long as its cgroup stands. */
  async wasStarved(): Promise<boolean> {
    return await this.parts.cgroups?.wasStarved(this.id) ?? false;
  }

  /** Changes what the guest may reach. */
  async setEgress(egress: Egress): Promise<void> {
    await this.parts.taps?.setEgress(this.id, egress);
  }

  /**
   * Undoes all steps in reverse, each tried again when it fails. A step that fails for good does
   * not keep the others from being undone.
   *
   * @param leftover set when an earlier daemon made the machine: what its row knows of it
   * @throws {AggregateError} of the steps that failed for good
   */
  async release(leftover: { readonly ref: MachineRef | null } | null): Promise<void> {
    const { host, taps, cgroups } = this.parts;
    const failures: unknown[] = [];
    this.#consoleCheck?.[Symbol.dispose]();
    const undo = async (step: () => Promise<void>) => {
      await this.#persist(step).catch((error) => failures.push(error));
    };
    await undo(async () => {
      if (this.#machine !== null) await this.#machine.delete();
      else if (leftover !== null) {
        await killLeftover(host, { vmId: this.id, ref: leftover.ref ?? undefined });
      }
      this.#machine = null;
    });
    await undo(async () => await taps?.removeTap(this.id));
    await undo(async () => await cgroups?.remove(this.id));
    // The folder goes last: while it stands, a clean-up can find the VM again.
    if (failures.length === 0) {
      await undo(() => host.files.remove("vm.release:folder_undo", this.#folder));
    }
    if (failures.length > 0) {
      throw new AggregateError(failures, `Cannot clean up after VM "${this.id}"`);
    }
    this.#mayStand = false;
  }

  /** Undoes what may stand of an earlier machine; nothing after a release that succeeded. */
  async clear(): Promise<void> {
    if (this.#mayStand) await this.release({ ref: null });
  }

  /** Removes what outlives the machine: every log of the VM's, found by its id. */
  async removeLog(): Promise<void> {
    const { host, logDir } = this.parts;
    await this.#persist(() => removeLogs(host, logDir, this.id));
  }

  /** A guest may print for ever; the machine appends, so the file can be emptied under it. */
  #boundConsole(): void {
    const { host } = this.parts;
    this.#consoleCheck = host.clock.every(CONSOLE_CHECK_MS, async () => {
      try {
        const info = await host.files.stat("vm.console:stat", this.consoleLog);
        if (info === null || info.size <= CONSOLE_LOG_BYTES_MAX) return;
        await host.files.copy("vm.console:keep", this.consoleLog, olderLog(this.consoleLog));
        await host.files.write("vm.console:empty", this.consoleLog, "");
      } catch (error) {
        host.log("warn", "Console log not bounded", { vm: this.id, error });
      }
    });
  }

  async #prepare(plan: FootprintPlan): Promise<MachineSpec> {
    const { host, taps, cgroups, logDir } = this.parts;
    await host.files.makeDir("vm.create:folder", this.#folder, 0o700);
    await host.files.makeDir("vm.create:log_folder", logDir, 0o700);
    const staged = plan.image === null
      ? await stageInstance(host, this.#folder, plan.instance)
      : await stageInitramfs(host, this.#folder, plan.image.initramfs, plan.instance);
    const { mac, ip, egress, uid } = plan;
    if (uid !== null) await this.#giveTo(uid, staged);
    const tap = ip === null ? undefined : await taps?.createTap(this.id, {
      ...{ ip, mac, egress },
      owner: uid,
    });
    const cgroup = await cgroups?.create(this.id, plan) ?? null;
    return {
      id: this.id,
      cpuCores: plan.cpuCores,
      memoryMb: plan.memoryMb,
      layout: plan.layout,
      kernel: plan.image?.kernel ?? "",
      initramfs: plan.image === null ? "" : staged,
      rootfs: plan.image?.rootfs ?? null,
      cmdline: plan.cmdline,
      tap: tap?.name ?? "",
      mac,
      runDir: this.#folder,
      consoleLog: this.consoleLog,
      instanceFile: plan.image === null ? staged : "",
      uid,
      cgroup,
    };
  }

  /** What the machine's own user opens: sockets are made in the folder, the console is appended. */
  async #giveTo(uid: number, staged: string): Promise<void> {
    const { files } = this.parts.host;
    await files.write("vm.create:console", this.consoleLog, "", { append: true, mode: 0o600 });
    for (const path of [this.#folder, staged, this.consoleLog]) {
      await files.chown("vm.create:owner", path, uid, uid);
    }
  }

  async #persist(step: () => Promise<void>): Promise<void> {
    for (let tries = 1;; tries++) {
      try {
        return await step();
      } catch (error) {
        if (tries === UNDO_TRIES) throw error;
        await this.parts.host.clock.sleep(UNDO_PAUSE_MS);
      }
    }
  }
}

/** Where the console's log goes when it is full. */
function olderLog(path: string): string {
  return `${path}.1`;
}
