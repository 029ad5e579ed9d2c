/**
 * All VMs: admission, look-up, waiting, and the clean-up after an earlier daemon.
 *
 * @module
 */
import { ViperError } from "../../protocol/problems.ts";
import type { ParsedOf } from "../../protocol/operation.ts";
import type { Accel, Vm as WireVm, vmsCreate } from "../../protocol/vms.ts";
import type { Subnet } from "../network/subnet.ts";
import type { Database } from "../store/database.ts";
import type { VmRow } from "../store/vm_rows.ts";
import { AddressPool, macAddress } from "./addresses.ts";
import type { FootprintPlan } from "./footprint.ts";
import { findGuestImage } from "./guest_image.ts";
import { instanceOf, kernelCommandLine, newRow } from "./spec.ts";
import { isLive } from "./states.ts";
import { type AgentLink, type Announcement, Vm, type VmParts } from "./vm.ts";

/** From boot to announce: hardware is quick, emulation is not. */
const BOOT_TIMEOUT_MS: Readonly<Record<Accel, number>> = {
  kvm: 30_000,
  tcg: 180_000,
  none: 30_000,
};
/** The address of every VM of a runtime that has no network of ours. */
const LOOPBACK = "127.0.0.1";
/** What a VM's folder is called. Nothing else in the runtime folder is ours to remove. */
const VM_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Settings of the fleet. */
export interface FleetOptions {
  readonly db: Database;
  /** How the daemon's one runtime runs its guests. */
  readonly accel: Accel;
  /** `null` for a runtime that has no network of ours. */
  readonly network: {
    readonly subnet: Subnet;
    readonly hostIp: string;
    /** Name servers that guests ask. */
    readonly resolvers: readonly string[];
  } | null;
  readonly imageDir: string;
  readonly vmLimit: number;
  readonly bootTimeoutMs: number | null;
  /** Where guests reach the daemon; known once its listener stands. */
  readonly daemonUrl: () => string;
}

/** All VMs of this daemon. */
export class Fleet {
  readonly #vms = new Map<string, Vm>();
  readonly #closing = new AbortController();
  readonly #pool: AddressPool | null;

  constructor(private readonly parts: VmParts, private readonly options: FleetOptions) {
    const { network } = options;
    this.#pool = network && new AddressPool(network.subnet, network.hostIp, parts.leases);
  }

  /** Marks what an earlier daemon left running as crashed, and cleans up after it. */
  async recover(): Promise<void> {
    const { rows, footprint } = this.parts;
    for (const row of rows.all()) await this.#vm(row.id).recover();
    const known = new Set(rows.all().map((row) => row.id));
    const folders = await footprint.host.files.list("fleet.recover:list", footprint.runtimeDir);
    const taps = await footprint.taps?.tapOwners() ?? [];
    for (const id of new Set([...folders, ...taps])) {
      if (!VM_ID.test(id) || known.has(id)) continue;
      await new Vm(id, this.parts).sweep().catch((error) =>
        footprint.host.log("error", "VM without a row left something behind", { vm: id, error })
      );
    }
  }

  /** Makes a VM and boots it; it outlives the request that asked for it. */
  async create(input: ParsedOf<typeof vmsCreate>): Promise<WireVm> {
    this.#admit(input);
    const { footprint, host } = this.parts;
    const image = footprint.runtime.traits.image
      ? await findGuestImage(host, this.options.imageDir, input.layout)
      : null;
    const row = this.#insert(input);
    const plan = this.#plan(row, image);
    const bootTimeoutMs = this.options.bootTimeoutMs ?? BOOT_TIMEOUT_MS[this.options.accel];
    try {
      await this.#vm(row.id).start(plan, bootTimeoutMs, this.#closing.signal);
    } catch (error) {
      if (this.rowById(row.id) === undefined) this.#vms.delete(row.id);
      throw error;
    }
    return this.get(row.name);
  }

  list(): WireVm[] {
    return this.parts.rows.all().map(wireVm);
  }

  get(name: string): WireVm {
    return wireVm(this.#require(name));
  }

  count(): number {
    return this.parts.rows.count();
  }

  async delete(name: string): Promise<void> {
    const { id } = this.#require(name);
    await this.#vm(id).remove();
    this.#vms.delete(id);
  }

  /** The VM as it is once it is neither pending nor starting. */
  async wait(name: string, timeoutMs: number, signal: AbortSignal): Promise<WireVm> {
    const stop = new AbortController();
    const ended = AbortSignal.any([signal, stop.signal]);
    this.parts.host.clock.sleep(timeoutMs, ended).then(() => stop.abort(), () => {});
    const events = this.parts.bus.follow({ kind: "life", signal: ended });
    try {
      while (true) {
        // Asked for before the look, so that no change falls in between.
        const changed = events.next();
        const vm = this.get(name);
        if (vm.status !== "pending" && vm.status !== "starting") return vm;
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
    return this.parts.rows.byId(id);
  }

  announce(id: string, announcement: Announcement): Promise<void> {
    return this.#vm(id).announce(announcement);
  }

  /** Stops every VM and refuses new ones; their rows stay. */
  async close(): Promise<void> {
    this.#closing.abort(new ViperError("shutting_down", "Cannot create a VM: shutting down"));
    const live = this.parts.rows.all().filter((row) => isLive(row.status));
    const ends = await Promise.allSettled(live.map((row) => this.#vm(row.id).stop()));
    const failures = ends.filter((end) => end.status === "rejected").map((end) => end.reason);
    if (failures.length > 0) throw new AggregateError(failures, "Cannot stop every VM");
  }

  #admit(input: ParsedOf<typeof vmsCreate>): void {
    const { footprint } = this.parts;
    if (input.runtime !== undefined && input.runtime !== footprint.runtime.name) {
      throw new ViperError(
        "runtime_unavailable",
        `Cannot create VM "${input.name}" on runtime "${input.runtime}": ` +
          `this daemon runs "${footprint.runtime.name}"`,
        { hint: `Start the daemon with: viper serve --runtime ${input.runtime}` },
      );
    }
  }

  /** Row, lease and event, or nothing. What is checked here holds until the row is there. */
  #insert(input: ParsedOf<typeof vmsCreate>): VmRow {
    const { host, rows, bus, footprint } = this.parts;
    const row = newRow(host, input, { name: footprint.runtime.name, accel: this.options.accel });
    const { db, vmLimit } = this.options;
    return db.withTx(() => {
      this.#closing.signal.throwIfAborted();
      if (rows.byName(row.name) !== undefined) {
        throw new ViperError("vm_exists", `Cannot create VM "${row.name}": the name is taken`);
      }
      if (rows.countLive() >= vmLimit) {
        throw new ViperError(
          "vm_limit_reached",
          `Cannot create VM "${row.name}": ${vmLimit} are live, which is the limit`,
        );
      }
      const ip = this.#pool?.pick() ?? LOOPBACK;
      const mac_address = macAddress(row.name, ip);
      rows.insert({ ...row, mac_address });
      this.#pool?.lease(ip, row.id, row.created_at);
      const { id: vm_id, name, status } = row;
      bus.publish({ type: "VM_CREATED", name, vm_id, status, ip_address: ip, mac_address });
      return { ...row, mac_address, ip_address: ip };
    });
  }

  #plan(row: VmRow, image: FootprintPlan["image"]): FootprintPlan {
    const { network, daemonUrl } = this.options;
    const ip = network === null ? null : row.ip_address;
    return {
      cpuCores: row.cpu_cores,
      memoryMb: row.memory_mb,
      layout: row.layout,
      image,
      mac: row.mac_address,
      ip,
      instance: instanceOf(row, ip, daemonUrl()),
      cmdline: network === null || ip === null ? "" : kernelCommandLine(row, {
        ip,
        gateway: network.hostIp,
        netmask: network.subnet.netmask,
      }, network.resolvers),
    };
  }

  #vm(id: string): Vm {
    const known = this.#vms.get(id);
    if (known !== undefined) return known;
    const vm = new Vm(id, this.parts);
    this.#vms.set(id, vm);
    return vm;
  }

  #require(name: string): VmRow {
    const row = this.parts.rows.byName(name);
    if (row === undefined) throw new ViperError("vm_not_found", `Cannot find VM "${name}"`);
    return row;
  }
}

/** The row as clients see it; secrets and process details stay inside. */
function wireVm(row: VmRow): WireVm {
  const ip = row.runtime === "local" && isLive(row.status) ? LOOPBACK : row.ip_address;
  return {
    id: row.id,
    name: row.name,
    status: row.status,
    runtime: row.runtime,
    accel: row.accel,
    layout: row.layout,
    mac_address: row.mac_address,
    cpu_cores: row.cpu_cores,
    memory_mb: row.memory_mb,
    created_at: row.created_at,
    updated_at: row.updated_at,
    ...(row.pid === null ? {} : { pid: row.pid }),
    ...(ip === null ? {} : { ip_address: ip }),
    ...(row.kernel_cmdline === null ? {} : { kernel_cmdline: row.kernel_cmdline }),
    ...(row.reason === null ? {} : { reason: row.reason }),
  };
}
