/**
 * What is stored of one VM: every change of its state is one transaction with the event that tells
 * of it, and `states.ts` says which change is legal where.
 *
 * @module
 */
import type { Host } from "../../host/host.ts";
import type { CrashCause, EventType } from "../../protocol/events.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { EventBus } from "../events/bus.ts";
import type { LeaseRows } from "../store/lease_rows.ts";
import type { IdempotencyRows } from "../store/idempotency_rows.ts";
import type { VmChange, VmRow, VmRows } from "../store/vm_rows.ts";
import { isLive, transition, type VmSignal, type VmTarget } from "./states.ts";

/** What records are written with; one for all VMs. */
export interface RecordParts {
  readonly host: Host;
  readonly bus: EventBus;
  readonly rows: VmRows;
  readonly leases: LeaseRows;
  readonly idempotency: IdempotencyRows;
}

/** The event that tells of a signal; `null`: another event tells, or nobody needs to know. */
const EVENTS: Readonly<Record<VmSignal, Partial<Record<VmTarget, EventType>>>> = {
  start: {},
  boot: { starting: "VM_STARTING" },
  announce: { running: "VM_RUNNING" },
  pause: { paused: "VM_PAUSED" },
  resume: { running: "VM_RESUMED" },
  exit: { crashed: "VM_CRASHED", stopped: "VM_STOPPED" },
  expire: { crashed: "VM_CRASHED" },
  stop: { stopping: "VM_STOPPING", stopped: "VM_STOPPED" },
  remove: { gone: "VM_DELETED" },
};

/** What a change comes with beside the row's new members: mostly what its event says. */
export interface Told {
  /** Left out: what the change itself is called. */
  readonly type?: EventType;
  readonly message?: string | undefined;
  readonly cause?: CrashCause | undefined;
  /** Of which page of the browser it tells, and where that was. */
  readonly page?: { readonly id: string; readonly url: string } | undefined;
  /** Something of the machine still stands: its address must not go to another VM. */
  readonly isUnclean?: boolean;
}

/** The row of one VM, and the way to change it. */
export class VmRecord {
  constructor(readonly id: string, private readonly parts: RecordParts) {}

  row(): VmRow | undefined {
    return this.parts.rows.byId(this.id);
  }

  /** @throws {ViperError} `vm_not_found` */
  require(): VmRow {
    const row = this.row();
    if (row === undefined) throw new ViperError("vm_not_found", `Cannot find VM "${this.id}"`);
    return row;
  }

  /** The row, if the signal is legal where it stands. @throws {ViperError} `vm_busy` */
  demand(signal: VmSignal): VmRow {
    const row = this.require();
    if (transition(row.status, signal) !== null) return row;
    throw new ViperError("vm_busy", `Cannot ${signal} VM "${row.name}": it is ${row.status}`);
  }

  /** Changes the state and tells of it, or does nothing where that is not legal. */
  apply(
    signal: VmSignal,
    change: VmChange = {},
    told: Told = {},
  ): boolean {
    const row = this.row();
    const target = row === undefined ? null : transition(row.status, signal);
    if (row === undefined || target === null) return false;
    const write = () => this.#write(target, change, told.isUnclean ?? false);
    const type = told.type ?? EVENTS[signal][target];
    const status = target === "gone" ? row.status : target;
    const message = told.message ?? change.reason ?? undefined;
    const cause = type === "VM_CRASHED" ? told.cause : undefined;
    if (type === undefined) write();
    else this.publish({ ...row, ...change, status }, { type, message, cause }, write);
    return true;
  }

  /** Changes members of the row that are no change of state. */
  amend(change: VmChange): void {
    this.parts.rows.update(this.id, change, this.#now());
  }

  /** Takes back a VM that never came to be. */
  discard(row: VmRow, message: string): void {
    this.publish({ ...row, status: "stopped" }, { type: "VM_DELETED", message }, () => {
      this.parts.idempotency.removeOf(this.id);
      this.parts.rows.remove(this.id);
    });
  }

  publish(
    row: VmRow,
    { type, message, cause, page }: Told & { readonly type: EventType },
    write: () => void = () => {},
  ): void {
    this.parts.bus.publish({
      type,
      name: row.name,
      vm_id: row.id,
      status: row.status,
      mac_address: row.mac_address,
      ...(row.ip_address === null ? {} : { ip_address: row.ip_address }),
      ...(row.pid === null ? {} : { pid: row.pid }),
      ...(message === undefined ? {} : { message }),
      ...(cause === undefined ? {} : { cause }),
      ...(page === undefined ? {} : { page: page.id, url: page.url }),
    }, write);
  }

  #write(target: VmTarget, change: VmChange, isUnclean: boolean): void {
    const { rows, leases } = this.parts;
    if (target === "gone") return rows.remove(this.id);
    if (target === "crashed" && !isUnclean) leases.removeOf(this.id);
    const noProcess = isLive(target) ? {} : { pid: null, start_ticks: null, agent_url: null };
    rows.update(this.id, { ...noProcess, ...change, status: target }, this.#now());
  }

  #now(): string {
    return this.parts.host.clock.now().toISOString();
  }
}
