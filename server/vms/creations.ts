/**
 * From a request to a row: whether it is allowed, whether it was made before, and whether there is
 * room for it, now or later.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { ViperError } from "../../protocol/problems.ts";
import type { ParsedOf } from "../../protocol/operation.ts";
import type { vmsCreate } from "../../protocol/vm_operations.ts";
import type { Accel } from "../../protocol/vms.ts";
import type { Database } from "../store/database.ts";
import type { VmRow } from "../store/vm_rows.ts";
import { type Capacity, largestVm, type VmSize } from "./capacity.ts";
import type { VmParts } from "./lifecycle.ts";
import { newRow, type VmDefaults } from "./spec.ts";
import { WaitingRoom } from "./waiting_room.ts";

/** Who asks for a VM. */
export interface Requester {
  /** Keys of different callers have nothing to do with each other. */
  readonly caller: string;
  /** Names the request, so that one that is made again makes no second VM. */
  readonly idempotencyKey: string | null;
  readonly signal: AbortSignal;
  /** Whether the VM ends with the request: a later daemon deletes it. @default false */
  readonly ephemeral?: boolean;
}

/** A row that a request has made, now or before. */
export interface Creation {
  readonly row: VmRow;
  /** The first boot, in its turn from the moment on that the row is there; `null`: made before. */
  readonly boot: Promise<void> | null;
}

/** Settings of creations. */
export interface CreationOptions {
  readonly db: Database;
  /** How the daemon's one runtime runs its guests. */
  readonly accel: Accel;
  /** What a create gets that does not say otherwise. */
  readonly defaults: VmDefaults;
  /** What one VM may ask for. */
  readonly sizeMax: VmSize;
  readonly capacity: Capacity;
}

/** Makes rows of VMs. */
export class Creations {
  readonly #room: WaitingRoom;

  constructor(
    private readonly parts: VmParts,
    private readonly options: CreationOptions,
    private readonly boot: (id: string) => Promise<void>,
  ) {
    this.#room = new WaitingRoom(parts.host.clock);
  }

  /** Requests that wait for room. */
  get waiting(): number {
    return this.#room.size;
  }

  /** There may be room again. */
  wake(): void {
    this.#room.wake();
  }

  /** Row, lease and event, or nothing. */
  async insert(input: ParsedOf<typeof vmsCreate>, requester: Requester): Promise<Creation> {
    const { planner, footprint, closing } = this.parts;
    planner.assertRuntime({ name: input.name, runtime: input.runtime ?? footprint.runtime.name });
    this.#assertSize(input);
    await planner.assertImage(input);
    // What was made before needs no room, and must not wait for it.
    const before = this.#madeBefore(input, requester);
    if (before !== null) return { row: before, boot: null };
    const signal = AbortSignal.any([requester.signal, closing]);
    return await this.#room.enter(() => this.#begin(input, requester), input.wait_ms, signal);
  }

  /** More than the host has would be waited for in vain. */
  #assertSize({ name, cpu_cores, memory_mb }: ParsedOf<typeof vmsCreate>): void {
    const { sizeMax, capacity, defaults } = this.options;
    const most = largestVm(sizeMax, capacity);
    const [cores, memoryMb] = [cpu_cores ?? defaults.cpuCores, memory_mb ?? defaults.memoryMb];
    if (cores <= most.cpuCores && memoryMb <= most.memoryMb) return;
    throw new ViperError(
      "invalid_request",
      `Cannot create VM "${name}" with ${cores} cores and ${memoryMb} MB: this daemon allows ` +
        `${most.cpuCores} cores and ${most.memoryMb} MB`,
    );
  }

  /** Whoever finds the row finds its boot in the VM's queue. */
  #begin(input: ParsedOf<typeof vmsCreate>, requester: Requester): Creation {
    const { row, isNew } = this.#insert(input, requester);
    const boot = isNew ? this.boot(row.id) : null;
    boot?.catch(() => {}); // Whoever made the request hears of it, even if that takes a moment.
    return { row, boot };
  }

  /** What is checked here holds until the row is there. */
  #insert(input: ParsedOf<typeof vmsCreate>, requester: Requester): { row: VmRow; isNew: boolean } {
    const { caller, idempotencyKey: key, ephemeral = false } = requester;
    const { host, rows, bus, footprint, idempotency, planner, profiles } = this.parts;
    const { db, accel, defaults } = this.options;
    const runtime = { name: footprint.runtime.name, accel };
    const row = newRow(host, { ...input, ephemeral }, runtime, defaults);
    return db.withTx(() => {
      const before = this.#madeBefore(input, requester);
      if (before !== null) return { row: before, isNew: false };
      if (rows.byName(row.name) !== undefined) {
        throw new ViperError("vm_exists", `Cannot create VM "${row.name}": the name is taken`);
      }
      if (input.profile !== undefined) {
        profiles.assertUsable(input.profile, `create VM "${row.name}"`);
      }
      planner.occupy(row, ({ ip, mac }) => {
        rows.insert({ ...row, mac_address: mac });
        if (key !== null) {
          const use = { caller, key, request_hash: hashOf(input), vm_id: row.id };
          idempotency.insert(use, host.clock.now());
        }
        const { id: vm_id, name, status } = row;
        bus.publish({
          ...{ type: "VM_CREATED", name, vm_id, status },
          ...{ ip_address: ip, mac_address: mac },
        });
      });
      const made = rows.byId(row.id);
      if (made === undefined) throw new Error(`Cannot find the row of VM "${row.name}"`);
      return { row: made, isNew: true };
    });
  }

  /** The VM that this very request made before; `null` when it is new. */
  #madeBefore(
    input: ParsedOf<typeof vmsCreate>,
    { caller, idempotencyKey: key }: Requester,
  ): VmRow | null {
    const { idempotency, rows, host } = this.parts;
    const use = key === null ? undefined : idempotency.find(caller, key, host.clock.now());
    if (use === undefined) return null;
    const row = rows.byId(use.vm_id);
    if (use.request_hash === hashOf(input) && row !== undefined) return row;
    const reason = row === undefined
      ? "the VM that it made is gone"
      : "it was used for another request";
    throw new ViperError(
      "idempotency_key_reused",
      `Cannot create VM "${input.name}" with that Idempotency-Key: ${reason}`,
    );
  }
}

/** The same for equal requests, in whatever order their members stand. */
function hashOf(input: ParsedOf<typeof vmsCreate>): string {
  const sorted = (_: string, value: unknown) =>
    value === null || typeof value !== "object" || Array.isArray(value)
      ? value
      : Object.fromEntries(Object.entries(value).sort(([one], [other]) => one < other ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(input, sorted)).digest("hex");
}
