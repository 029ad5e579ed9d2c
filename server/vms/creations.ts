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
import { newRow, type VmDefaults } from "./spec.ts";
import type { VmParts } from "./vm.ts";
import { WaitingRoom } from "./waiting_room.ts";

/** Who asks for a VM. */
export interface Requester {
  /** Keys of different callers have nothing to do with each other. */
  readonly caller: string;
  /** Names the request, so that one that is made again makes no second VM. */
  readonly idempotencyKey: string | null;
  readonly signal: AbortSignal;
}

/** A row, and whether this request has made it. */
export interface Creation {
  readonly row: VmRow;
  readonly isNew: boolean;
}

/** Settings of creations. */
export interface CreationOptions {
  readonly db: Database;
  /** How the daemon's one runtime runs its guests. */
  readonly accel: Accel;
  /** What a create gets that does not say otherwise. */
  readonly defaults: VmDefaults;
  /** What one VM may ask for. */
  readonly sizeMax: { readonly cpuCores: number; readonly memoryMb: number };
}

/** Makes rows of VMs. */
export class Creations {
  readonly #room: WaitingRoom;

  constructor(private readonly parts: VmParts, private readonly options: CreationOptions) {
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
    this.#assertRuntime(input);
    this.#assertSize(input);
    await this.parts.planner.assertImage(input);
    const signal = AbortSignal.any([requester.signal, this.parts.closing]);
    return await this.#room.enter(() => this.#insert(input, requester), input.wait_ms, signal);
  }

  #assertRuntime({ name, runtime }: ParsedOf<typeof vmsCreate>): void {
    const { footprint } = this.parts;
    if (runtime === undefined || runtime === footprint.runtime.name) return;
    throw new ViperError(
      "runtime_unavailable",
      `Cannot create VM "${name}" on runtime "${runtime}": ` +
        `this daemon runs "${footprint.runtime.name}"`,
      { hint: `Start the daemon with: viper serve --runtime ${runtime}` },
    );
  }

  #assertSize({ name, cpu_cores = 0, memory_mb = 0 }: ParsedOf<typeof vmsCreate>): void {
    const { cpuCores, memoryMb } = this.options.sizeMax;
    if (cpu_cores <= cpuCores && memory_mb <= memoryMb) return;
    throw new ViperError(
      "invalid_request",
      `Cannot create VM "${name}" with ${cpu_cores} cores and ${memory_mb} MB: this daemon ` +
        `allows ${cpuCores} cores and ${memoryMb} MB`,
    );
  }

  /** What is checked here holds until the row is there. */
  #insert(
    input: ParsedOf<typeof vmsCreate>,
    { caller, idempotencyKey: key }: Requester,
  ): Creation {
    const { host, rows, bus, footprint, idempotency, planner } = this.parts;
    const { db, accel, defaults } = this.options;
    const runtime = { name: footprint.runtime.name, accel };
    const row = newRow(host, input, runtime, defaults);
    return db.withTx(() => {
      const before = key === null ? null : this.#madeBefore(input, caller, key);
      if (before !== null) return { row: before, isNew: false };
      if (rows.byName(row.name) !== undefined) {
        throw new ViperError("vm_exists", `Cannot create VM "${row.name}": the name is taken`);
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
  #madeBefore(input: ParsedOf<typeof vmsCreate>, caller: string, key: string): VmRow | null {
    const { idempotency, rows } = this.parts;
    const use = idempotency.find(caller, key);
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

/** The same for equal requests. Members come out of the schema in one order. */
function hashOf(input: ParsedOf<typeof vmsCreate>): string {
  return createHash("sha256").update(JSON.stringify(input)).digest("hex");
}
