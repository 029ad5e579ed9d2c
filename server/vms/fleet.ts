/**
 * All VMs: creation, look-up, waiting, and what is found of an earlier daemon.
 *
 * @module
 */
import { ViperError } from "../../protocol/problems.ts";
import type { ParsedOf } from "../../protocol/operation.ts";
import type { Egress, Vm as WireVm } from "../../protocol/vms.ts";
import type { vmsCreate, vmsList, vmsWait } from "../../protocol/vm_operations.ts";
import type { Guest } from "../network/repair.ts";
import type { VmRow } from "../store/vm_rows.ts";
import { type CreationOptions, Creations, type Requester } from "./creations.ts";
import type { AgentLink } from "./incarnation.ts";
import type { VmParts } from "./lifecycle.ts";
import { Planner, type PlannerOptions } from "./planner.ts";
import { isOnItsWay } from "./states.ts";
import { type Announcement, type PageCrash, Vm } from "./vm.ts";
import { labelsOf, wireVm } from "./wire_vm.ts";

/** What a VM's folder is called. Nothing else in the runtime folder is ours to remove. */
const VM_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Settings of the fleet. */
export interface FleetOptions extends PlannerOptions, CreationOptions {
  /** What becomes of VMs when the daemon ends. */
  readonly onShutdown: "keep" | "stop";
}

/** What the fleet is made of. */
export type FleetParts = Omit<VmParts, "planner" | "closing" | "retire" | "onRoom">;

/** All VMs of this daemon. */
export class Fleet {
  readonly #vms = new Map<string, Vm>();
  readonly #closing = new AbortController();
  readonly #parts: VmParts;
  readonly #creations: Creations;

  constructor(parts: FleetParts, private readonly options: FleetOptions) {
    const { host, rows, leases, footprint: { runtime } } = parts;
    const planner = new Planner({ host, db: options.db, rows, leases, runtime }, options);
    this.#parts = {
      ...parts,
      planner,
      closing: this.#closing.signal,
      retire: (id, reason) => this.#retire(id, reason),
      onRoom: () => this.#creations.wake(),
    };
    this.#creations = new Creations(this.#parts, options, (id) => this.#vm(id).create());
  }

  /**
   * Takes over what an earlier daemon left running, marks the rest crashed, and cleans up what no
   * row knows of.
   */
  async recover(): Promise<void> {
    const { rows, footprint: { host, taps, cgroups, runtimeDir } } = this.#parts;
    const recovered = rows.all().map((row) =>
      this.#vm(row.id).recover().catch((error) =>
        host.log("error", "VM not recovered", { vm: row.name, error })
      ).finally(() => this.#forgetIfGone(row.id))
    );
    await Promise.all(recovered);
    await this.#deleteEphemeral();
    const known = new Set(rows.all().map((row) => row.id));
    const found = [
      ...await host.files.list("fleet.recover:list", runtimeDir),
      ...await taps?.tapOwners() ?? [],
      ...await cgroups?.owners() ?? [],
    ];
    for (const id of new Set(found)) {
      if (!VM_ID.test(id) || known.has(id)) continue;
      await new Vm(id, this.#parts).sweep().catch((error) =>
        host.log("error", "VM without a row left something behind", { vm: id, error })
      );
    }
  }

  /** Those whose requests ended with the daemon that they were made to. */
  async #deleteEphemeral(): Promise<void> {
    const { rows, footprint: { host } } = this.#parts;
    const left = rows.all().filter(({ settings }) => settings.ephemeral);
    await Promise.all(
      left.map(({ id, name }) =>
        this.#retire(id, "the request that made it is over").catch((error) =>
          host.log("error", "VM of an earlier request not deleted", { vm: name, error })
        )
      ),
    );
  }

  /** Makes a VM and boots it; it outlives the request that asked for it. */
  async create(
    input: ParsedOf<typeof vmsCreate>,
    requester: Requester,
  ): Promise<WireVm> {
    while (true) {
      const { row, boot } = await this.#creations.insert(input, requester);
      // Else the same request made it before, and may be at it still.
      await (boot ?? this.#vm(row.id).settled()).finally(() => this.#forgetIfGone(row.id));
      const made = this.rowById(row.id);
      if (made !== undefined) return wireVm(made);
      if (boot !== null) {
        throw new ViperError("vm_start_failed", `Cannot create VM "${row.name}": it was deleted`);
      }
      // That failed, so it is this request's turn.
    }
  }

  list({ status, label, limit, after }: ParsedOf<typeof vmsList>): WireVm[] {
    const filter = { status, labels: labelsOf(label), limit, after };
    return this.#parts.rows.list(filter).map(wireVm);
  }

  get(name: string): WireVm {
    return wireVm(this.#require(name));
  }

  count(): number {
    return this.#parts.rows.count();
  }

  /** Creates that wait for room. */
  get waiting(): number {
    return this.#creations.waiting;
  }

  start(name: string): Promise<WireVm> {
    return this.#change(name, (vm) => vm.start());
  }

  stop(name: string, graceMs: number): Promise<WireVm> {
    return this.#change(name, (vm) => vm.stop(graceMs));
  }

  restart(name: string, graceMs: number): Promise<WireVm> {
    return this.#change(name, (vm) => vm.restart(graceMs));
  }

  pause(name: string): Promise<WireVm> {
    return this.#change(name, (vm) => vm.pause());
  }

  resume(name: string): Promise<WireVm> {
    return this.#change(name, (vm) => vm.resume());
  }

  saveProfile(name: string): Promise<WireVm> {
    return this.#change(name, (vm) => vm.saveProfile());
  }

  setEgress(name: string, egress: Egress): Promise<WireVm> {
    return this.#change(name, (vm) => vm.setEgress(egress));
  }

  async delete(name: string): Promise<void> {
    const { id } = this.#require(name);
    await this.#remove(id);
  }

  /** The VM once it stands where it is waited for. */
  async wait(
    { name, status: wanted, timeout_ms }: ParsedOf<typeof vmsWait>,
    signal: AbortSignal,
  ): Promise<WireVm> {
    const stop = new AbortController();
    const ended = AbortSignal.any([signal, stop.signal]);
    this.#parts.host.clock.sleep(timeout_ms, ended).then(() => stop.abort(), () => {});
    const events = this.#parts.bus.follow({ kind: "life", signal: ended });
    try {
      while (true) {
        // Asked for before the look, so that no change falls in between.
        const changed = events.next();
        const vm = this.get(name);
        if (wanted === undefined ? !isOnItsWay(vm.status) : vm.status === wanted) return vm;
        if (!(await changed).done) continue;
        if (signal.aborted) throw new ViperError("shutting_down", `Cannot wait for VM "${name}"`);
        const message = `Cannot wait longer for VM "${name}": it is still ${vm.status}`;
        throw new ViperError("timeout", message);
      }
    } finally {
      stop.abort();
    }
  }

  /** The agent of a running VM. @throws {ViperError} `vm_not_found` or `vm_not_running` */
  agent(name: string): AgentLink {
    const row = this.#require(name);
    const agent = this.#vms.get(row.id)?.agent ?? null;
    if (agent !== null && row.status === "running") return agent;
    throw new ViperError("vm_not_running", `Cannot reach VM "${name}": it is ${row.status}`);
  }

  /** The row of a VM by its id, secret included: for the guest-facing listener alone. */
  rowById(id: string): VmRow | undefined {
    return this.#parts.rows.byId(id);
  }

  announce(id: string, announcement: Announcement): Promise<void> {
    return this.#vm(id).announce(announcement);
  }

  pageCrashed(id: string, crash: PageCrash): Promise<void> {
    return this.#vm(id).pageCrashed(crash);
  }

  /** What every VM that has a machine should have on the network, for its repair. */
  guests(): Guest[] {
    return this.#parts.rows.all().flatMap((
      { id, pid, ip_address: ip, mac_address: mac, settings },
    ) => ip === null || pid === null ? [] : [{ id, ip, mac, egress: settings.egress }]);
  }

  /** Gives up a VM that has lost its tap, unless it has another by now. */
  async loseTap(id: string): Promise<void> {
    await this.#vms.get(id)?.loseTap();
  }

  /** Refuses new VMs, and keeps or stops those that are there; their rows stay. */
  async close(): Promise<void> {
    this.#closing.abort(new ViperError("shutting_down", "Cannot start a VM: shutting down"));
    const isKept = this.options.onShutdown === "keep";
    const vms = this.#parts.rows.all().map(({ id }) => this.#vm(id));
    const ends = await Promise.allSettled(vms.map((vm) => isKept ? vm.letGo() : vm.end()));
    const failures = ends.filter((end) => end.status === "rejected").map((end) => end.reason);
    if (failures.length > 0) throw new AggregateError(failures, "Cannot let go of every VM");
  }

  async #change(name: string, change: (vm: Vm) => Promise<void>): Promise<WireVm> {
    const { id } = this.#require(name);
    await change(this.#vm(id)).finally(() => this.#creations.wake());
    const row = this.rowById(id);
    if (row === undefined) throw new ViperError("vm_not_found", `Cannot find VM "${name}"`);
    return wireVm(row);
  }

  async #remove(id: string, message?: string): Promise<void> {
    await this.#vm(id).remove(message);
    this.#forgetIfGone(id);
  }

  /** One that somebody else has deleted meanwhile is fine. */
  async #retire(id: string, reason: string): Promise<void> {
    await this.#remove(id, reason).catch((error) => {
      if (this.rowById(id) !== undefined) throw error;
    });
  }

  #forgetIfGone(id: string): void {
    if (this.rowById(id) === undefined) this.#vms.delete(id);
    this.#creations.wake();
  }

  #vm(id: string): Vm {
    const known = this.#vms.get(id);
    if (known !== undefined) return known;
    const vm = new Vm(id, this.#parts);
    this.#vms.set(id, vm);
    return vm;
  }

  #require(name: string): VmRow {
    const row = this.#parts.rows.byName(name);
    if (row === undefined) throw new ViperError("vm_not_found", `Cannot find VM "${name}"`);
    return row;
  }
}
