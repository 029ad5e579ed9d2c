/**
 * What VMs do, in plain words and without a host: the model that random sequences of requests are
 * held against. Requests answer with the code of their refusal, or `null`.
 */
import type { VmStatus } from "../../../../protocol/vms.ts";
import { BOOT_TIMEOUT_MS } from "./fleet_world.ts";

/** What the model knows of one VM. */
export interface ModelVm {
  status: VmStatus;
  readonly restartsOnCrash: boolean;
  restarts: number;
  hasLease: boolean;
  readyAtMs: number | null;
  bootDueMs: number | null;
  restartDueMs: number | null;
  /** Which restart in a row that will be. */
  nextRestart: number;
  readonly expiresAtMs: number | null;
}

const LIVE: readonly VmStatus[] = ["starting", "running", "paused"];

/** All VMs, by their names, and what was told of each name. */
export class FleetModel {
  readonly vms = new Map<string, ModelVm>();
  readonly told = new Map<string, string[]>();
  nowMs = 0;

  create(name: string, change: { onCrash: boolean; ttlMs: number | null; fails: boolean }) {
    if (this.vms.has(name)) return "vm_exists";
    this.#tell(name, "VM_CREATED");
    if (change.fails) {
      this.#tell(name, "VM_DELETED");
      return "vm_start_failed";
    }
    const vm: ModelVm = {
      status: "stopped",
      restartsOnCrash: change.onCrash,
      restarts: 0,
      hasLease: false,
      ...{ readyAtMs: null, bootDueMs: null, restartDueMs: null, nextRestart: 1 },
      expiresAtMs: change.ttlMs === null ? null : this.nowMs + change.ttlMs,
    };
    this.vms.set(name, vm);
    return this.#boot(name, vm, 0, false);
  }

  start(name: string, fails: boolean) {
    return this.#with(name, ["stopped", "crashed"], (vm) => this.#boot(name, vm, 0, fails));
  }

  stop(name: string) {
    return this.#with(name, null, (vm) => this.#halt(name, vm));
  }

  restart(name: string, fails: boolean) {
    return this.#with(name, null, (vm) => {
      if (LIVE.includes(vm.status)) this.#halt(name, vm);
      return this.#boot(name, vm, 0, fails);
    });
  }

  pause(name: string) {
    return this.#with(name, ["running"], (vm) => this.#become(name, vm, "paused", "VM_PAUSED"));
  }

  resume(name: string) {
    return this.#with(name, ["paused"], (vm) => this.#become(name, vm, "running", "VM_RESUMED"));
  }

  delete(name: string) {
    return this.#with(name, null, (vm) => {
      if (LIVE.includes(vm.status)) this.#halt(name, vm);
      this.#tell(name, "VM_DELETED");
      this.vms.delete(name);
      return null;
    });
  }

  announce(name: string) {
    return this.#with(name, ["starting", "running"], (vm) => {
      vm.bootDueMs = null;
      if (vm.status === "running") return null;
      vm.readyAtMs = this.nowMs;
      return this.#become(name, vm, "running", "VM_RUNNING");
    });
  }

  /** The machine ends by itself. */
  exit(name: string): void {
    const vm = this.vms.get(name);
    if (vm !== undefined && LIVE.includes(vm.status)) this.#crash(name, vm);
  }

  /** The daemon ends in that way, and another takes over. */
  daemon(how: "keep" | "stop" | "crash"): void {
    for (const [name, vm] of this.vms) {
      if (how === "stop" && LIVE.includes(vm.status)) this.#halt(name, vm);
      if (vm.status === "starting") vm.bootDueMs = this.nowMs + BOOT_TIMEOUT_MS;
      if (vm.status === "crashed") this.#planRestart(vm);
    }
  }

  /** When something next happens by itself, until then. */
  nextDue(untilMs: number): number | null {
    const dues = [...this.vms.values()].flatMap(({ bootDueMs, restartDueMs, expiresAtMs }) =>
      [bootDueMs, restartDueMs, expiresAtMs].filter((due) => due !== null)
    );
    const next = Math.min(...dues);
    return next <= untilMs ? next : null;
  }

  /** Time goes on, and what is due then happens. */
  passTo(ms: number): void {
    this.nowMs = ms;
    for (const [name, vm] of this.vms) {
      if (vm.expiresAtMs !== null && vm.expiresAtMs <= ms) this.delete(name);
      else if (vm.bootDueMs !== null && vm.bootDueMs <= ms) this.#crash(name, vm);
      else if (vm.restartDueMs !== null && vm.restartDueMs <= ms) {
        this.#boot(name, vm, vm.nextRestart, false);
      }
    }
  }

  #with(
    name: string,
    legal: readonly VmStatus[] | null,
    change: (vm: ModelVm) => string | null,
  ): string | null {
    const vm = this.vms.get(name);
    if (vm === undefined) return "vm_not_found";
    return legal === null || legal.includes(vm.status) ? change(vm) : "vm_busy";
  }

  #boot(name: string, vm: ModelVm, restarts: number, fails: boolean): string | null {
    Object.assign(vm, { restarts, restartDueMs: null, readyAtMs: null, hasLease: true });
    if (fails) {
      this.#crash(name, vm);
      return "vm_start_failed";
    }
    vm.bootDueMs = this.nowMs + BOOT_TIMEOUT_MS;
    return this.#become(name, vm, "starting", "VM_STARTING");
  }

  #halt(name: string, vm: ModelVm): null {
    vm.bootDueMs = vm.restartDueMs = null;
    if (vm.status === "stopped") return null;
    if (LIVE.includes(vm.status)) this.#tell(name, "VM_STOPPING");
    return this.#become(name, vm, "stopped", "VM_STOPPED");
  }

  #crash(name: string, vm: ModelVm): void {
    vm.bootDueMs = null;
    vm.hasLease = false;
    this.#become(name, vm, "crashed", "VM_CRASHED");
    this.#planRestart(vm);
  }

  #restartsBefore({ readyAtMs, restarts }: ModelVm): number {
    return readyAtMs !== null && this.nowMs - readyAtMs >= 600_000 ? 0 : restarts;
  }

  #planRestart(vm: ModelVm): void {
    const before = this.#restartsBefore(vm);
    if (!vm.restartsOnCrash || before >= 5) return;
    vm.nextRestart = before + 1;
    vm.restartDueMs = this.nowMs + 1_000 * 2 ** before;
  }

  #become(name: string, vm: ModelVm, status: VmStatus, event: string): null {
    vm.status = status;
    this.#tell(name, event);
    return null;
  }

  #tell(name: string, event: string): void {
    this.told.set(name, [...this.told.get(name) ?? [], event]);
  }
}
