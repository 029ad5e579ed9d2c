/**
 * One VM and the only writer of its state. Requests and the machine's own end enter one queue;
 * `states.ts` says which of them is legal where; every change of state is one transaction with
 * the event that tells of it.
 *
 * @module
 */
import type { Host, HttpPool } from "../../host/host.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { EventType } from "../../protocol/events.ts";
import type { EventBus } from "../events/bus.ts";
import type { Machine, MachineEnd, MachineRef } from "../runtimes/runtime.ts";
import type { LeaseRows } from "../store/lease_rows.ts";
import type { VmChange, VmRow, VmRows } from "../store/vm_rows.ts";
import { Footprint, type FootprintParts, type FootprintPlan } from "./footprint.ts";
import { isLive, transition, type VmSignal, type VmTarget } from "./states.ts";

/** Requests that may wait for one VM; more are refused. */
const QUEUE_MAX = 32;

/** Restarts of a browser that are told within the window; an honest agent ends itself before. */
const RESTARTS_TOLD_MAX = 10;
const RESTARTS_WINDOW_MS = 60_000;

/** How to reach a VM's agent. */
export interface AgentLink {
  readonly url: string;
  readonly token: string;
  /** Of this VM alone, so that no connection outlives it into a VM with the same address. */
  readonly pool: HttpPool;
  /** Aborted when the VM stops, for whatever reason: its silence would be waited for. */
  readonly signal: AbortSignal;
}

/** What an agent says of itself. */
export interface Announcement {
  readonly url: string;
  readonly browserRestarts: number;
}

/** What VMs are made with; one for all. */
export interface VmParts {
  readonly host: Host;
  readonly bus: EventBus;
  readonly rows: VmRows;
  readonly leases: LeaseRows;
  readonly footprint: FootprintParts;
}

/** One VM. */
export class Vm {
  readonly #footprint: Footprint;
  readonly #ended = new AbortController();
  #queue: Promise<unknown> = Promise.resolve();
  #queued = 0;
  #agent: AgentLink | null = null;
  #browserRestarts = 0;
  #restartTimesMs: number[] = [];

  constructor(readonly id: string, private readonly parts: VmParts) {
    this.#footprint = new Footprint(id, parts.footprint);
  }

  /** The agent's address while the VM runs. */
  get agent(): AgentLink | null {
    return this.#agent;
  }

  /** Boots; a failure takes the VM away again, row and all, and is thrown. */
  start(plan: FootprintPlan, bootTimeoutMs: number, signal: AbortSignal): Promise<void> {
    return this.#enqueue(async () => {
      const { name } = this.#require();
      try {
        const machine = await this.#footprint.acquire(plan, signal);
        this.#watch(machine);
        await machine.boot();
        this.#apply("boot", {
          accel: machine.accel,
          pid: machine.ref.pid,
          start_ticks: machine.ref.startTicks,
        });
      } catch (error) {
        await this.#rollBack(error);
        throw startError(name, error);
      }
      this.#expireAfter(bootTimeoutMs);
    });
  }

  /** The agent is ready, for the first time or with a new browser. */
  announce(announcement: Announcement): Promise<void> {
    return this.#accept(() => {
      const row = this.#require();
      if (transition(row.status, "announce") === null) {
        throw new ViperError("vm_busy", `Cannot announce VM "${row.name}": it is ${row.status}`);
      }
      const again = row.status === "running";
      if (!again) this.#connect(announcement, row);
      if (again && !this.#isNews(announcement)) return;
      this.#apply("announce", {}, again ? "VM_BROWSER_RESTARTED" : "VM_RUNNING");
    });
  }

  /** Ends the machine, if there is one, and keeps the row; one that is gone is fine. */
  stop(): Promise<void> {
    return this.#enqueue(() => this.#end("stop", null));
  }

  /** Stops, then removes the row; its lease goes with it. */
  remove(): Promise<void> {
    return this.#accept(async () => {
      const row = this.#require();
      if (isLive(row.status)) await this.#end("stop", null);
      else await this.#footprint.release({ ref: null });
      await this.#footprint.removeLog();
      this.#apply("remove", {});
    });
  }

  /** Takes a row of an earlier daemon to where it really stands. */
  recover(): Promise<void> {
    return this.#enqueue(async () => {
      const row = this.#require();
      if (!isLive(row.status)) return;
      // One VM that cannot be cleaned up must not keep the daemon from starting; a delete retries.
      await this.#footprint.release({ ref: refOf(row) }).catch((error) =>
        this.parts.host.log("error", "VM left something behind", { vm: row.name, error })
      );
      this.#apply("exit", { reason: "the daemon ended while the VM ran" });
    });
  }

  /** Cleans up after a VM whose row is gone. */
  sweep(): Promise<void> {
    return this.#enqueue(async () => {
      await this.#footprint.release({ ref: null });
      await this.#footprint.removeLog();
    });
  }

  async #end(signal: VmSignal, reason: string | null): Promise<void> {
    const row = this.#row();
    if (row === undefined || transition(row.status, signal) === null) return;
    this.#disconnect();
    await this.#footprint.release(null);
    this.#apply(signal, { reason });
  }

  /** An end that nobody asked for: the state is told even when the host cannot be cleaned. */
  async #crash(signal: "exit" | "expire", reason: string): Promise<void> {
    const row = this.#row();
    if (row === undefined || transition(row.status, signal) === null) return;
    this.#disconnect();
    await this.#footprint.release(null).catch((error) =>
      this.parts.host.log("error", "VM left something behind", { vm: row.name, error })
    );
    this.#apply(signal, { reason });
  }

  async #rollBack(cause: unknown): Promise<void> {
    this.#ended.abort();
    const row = this.#require();
    const message = `not created: ${cause instanceof Error ? cause.message : String(cause)}`;
    try {
      await this.#footprint.release(null);
      await this.#footprint.removeLog();
    } catch (error) {
      // The row stays and is told to have crashed, so that a delete can clean up later.
      this.#logFailure("roll_back", error);
      return this.#apply("exit", { reason: message });
    }
    this.#publish(row, "VM_DELETED", "stopped", message, () => this.parts.rows.remove(this.id));
  }

  #watch(machine: Machine): void {
    machine.exited.then((end) => this.#enqueue(() => this.#crash("exit", endReason(end)))).catch((
      error,
    ) => this.#logFailure("exit", error));
  }

  #expireAfter(ms: number): void {
    this.parts.host.clock.sleep(ms, this.#ended.signal).then(
      () => this.#enqueue(() => this.#crash("expire", `the agent was not ready in ${ms} ms`)),
      () => {},
    ).catch((error) => this.#logFailure("expire", error));
  }

  /** Only a counter that grows is news, and a guest cannot flood the events with it. */
  #isNews({ browserRestarts }: Announcement): boolean {
    const now = this.parts.host.clock.monotonicMs();
    this.#restartTimesMs = this.#restartTimesMs.filter((at) => at > now - RESTARTS_WINDOW_MS);
    const isGrown = browserRestarts > this.#browserRestarts;
    if (!isGrown || this.#restartTimesMs.length >= RESTARTS_TOLD_MAX) return false;
    this.#browserRestarts = browserRestarts;
    this.#restartTimesMs.push(now);
    return true;
  }

  #connect({ url }: Announcement, row: VmRow): void {
    const pool = this.parts.host.net.openPool("vm.agent:pool");
    this.#agent = { url, token: row.token, pool, signal: this.#ended.signal };
  }

  #disconnect(): void {
    this.#ended.abort();
    this.#agent?.pool[Symbol.dispose]();
    this.#agent = null;
  }

  /** Changes the state and tells of it, or does nothing where the table does not allow it. */
  #apply(signal: VmSignal, change: VmChange, type?: EventType): void {
    const row = this.#require();
    const target = transition(row.status, signal);
    if (target === null) return;
    const write = () => this.#write(target, change);
    const event = type ?? EVENTS[target];
    if (event === null) return write();
    const status = target === "gone" ? row.status : target;
    this.#publish({ ...row, ...change }, event, status, change.reason ?? undefined, write);
  }

  #write(target: VmTarget, change: VmChange): void {
    const { rows, leases, host } = this.parts;
    if (target === "gone") return rows.remove(this.id);
    if (target === "crashed") leases.removeOf(this.id);
    const noProcess = isLive(target) ? {} : { pid: null, start_ticks: null };
    rows.update(
      this.id,
      { ...noProcess, ...change, status: target },
      host.clock.now().toISOString(),
    );
  }

  #publish(
    row: VmRow,
    type: EventType,
    status: VmRow["status"],
    message: string | undefined,
    write: () => void,
  ): void {
    this.parts.bus.publish({
      type,
      name: row.name,
      vm_id: row.id,
      status,
      mac_address: row.mac_address,
      ...(row.ip_address === null ? {} : { ip_address: row.ip_address }),
      ...(row.pid === null ? {} : { pid: row.pid }),
      ...(message === undefined ? {} : { message }),
    }, write);
  }

  /** A request from outside, of which only so many may wait. */
  #accept<Result>(job: () => Result | Promise<Result>): Promise<Result> {
    if (this.#queued >= QUEUE_MAX) {
      const message = `Cannot queue a request for VM "${this.id}": ${QUEUE_MAX} are waiting`;
      return Promise.reject(new ViperError("vm_busy", message));
    }
    this.#queued++;
    return this.#enqueue(job).finally(() => this.#queued--);
  }

  /** What the daemon must not lose, such as the machine's own end, is never refused. */
  #enqueue<Result>(job: () => Result | Promise<Result>): Promise<Result> {
    const result = this.#queue.then(job);
    this.#queue = result.catch(() => {});
    return result;
  }

  #row(): VmRow | undefined {
    return this.parts.rows.byId(this.id);
  }

  #require(): VmRow {
    const row = this.#row();
    if (row === undefined) throw new ViperError("vm_not_found", `Cannot find VM "${this.id}"`);
    return row;
  }

  #logFailure(step: string, error: unknown): void {
    this.parts.host.log("error", "VM state not written", { vm: this.id, step, error });
  }
}

const EVENTS: Readonly<Record<VmTarget, EventType | null>> = {
  pending: null,
  starting: null,
  running: "VM_RUNNING",
  stopped: "VM_STOPPED",
  crashed: "VM_CRASHED",
  gone: "VM_DELETED",
};

/** Why a machine is gone, for people. */
function endReason({ cause, status }: MachineEnd): string {
  if (cause !== "process_exit") return `the machine ended: ${cause.replace("_", " ")}`;
  return `the machine ended by ${
    status?.signal ?? `itself with code ${status?.code ?? "unknown"}`
  }`;
}

function refOf(row: VmRow): MachineRef | null {
  if (row.pid === null || row.start_ticks === null) return null;
  return { pid: row.pid, startTicks: row.start_ticks };
}

function startError(name: string, error: unknown): ViperError {
  if (error instanceof ViperError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new ViperError("vm_start_failed", `Cannot start VM "${name}": ${reason}`, {
    cause: error,
  });
}
