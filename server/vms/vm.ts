/**
 * One VM and the only writer of its state. Requests, its machine's own end and its watches enter
 * one queue; `states.ts` says which of them is legal where.
 *
 * @module
 */
import { ViperError } from "../../protocol/problems.ts";
import type { MachineEnd } from "../runtimes/runtime.ts";
import { within } from "../runtimes/within.ts";
import type { VmRow } from "../store/vm_rows.ts";
import { Footprint, type FootprintParts } from "./footprint.ts";
import { type AgentLink, Incarnation } from "./incarnation.ts";
import type { Planner } from "./planner.ts";
import { nextRestart } from "./restarts.ts";
import { isLive, transition } from "./states.ts";
import { VmQueue } from "./vm_queue.ts";
import { type RecordParts, VmRecord } from "./vm_record.ts";

/** What an agent says of itself. */
export interface Announcement {
  readonly url: string;
  readonly browserRestarts: number;
}

/** What VMs are made with; one for all. */
export interface VmParts extends RecordParts {
  readonly footprint: FootprintParts;
  readonly planner: Planner;
  /** Aborted when the daemon ends. */
  readonly closing: AbortSignal;
  /** Deletes a VM whose time is over. */
  readonly retire: (id: string, reason: string) => Promise<void>;
  /** Told when a VM has ended by itself: there may be room for another. */
  readonly onRoom: () => void;
}

/** One VM. */
export class Vm {
  readonly #footprint: Footprint;
  readonly #queue: VmQueue;
  readonly #record: VmRecord;
  #life: Incarnation | null = null;
  /** Ends what is to happen to the VM later: a restart, its expiry. */
  #later = new AbortController();

  constructor(readonly id: string, private readonly parts: VmParts) {
    this.#footprint = new Footprint(id, parts.footprint);
    this.#queue = new VmQueue(id);
    this.#record = new VmRecord(id, parts);
  }

  /** The agent's address while the VM runs. */
  get agent(): AgentLink | null {
    return this.#life?.agent ?? null;
  }

  /** The first boot; a failure takes the VM away again, row and all, and is thrown. */
  create(): Promise<void> {
    return this.#queue.enqueue(async () => {
      const row = this.#record.require();
      try {
        await this.#boot(row);
      } catch (error) {
        await this.#rollBack(row, error);
        throw startError(row.name, error);
      }
      this.#scheduleExpiry(row);
    });
  }

  /** Boots a VM that is not up. @throws {ViperError} `vm_busy` */
  start(): Promise<void> {
    return this.#queue.accept(() => this.#startAgain(0));
  }

  /** Powers off: the guest has `graceMs` for it. One that is not up is left as it is. */
  stop(graceMs: number): Promise<void> {
    return this.#queue.accept(async () => {
      this.#cancelLater();
      const row = this.#record.require();
      if (isLive(row.status)) await this.#halt(graceMs);
      this.#scheduleExpiry(row);
    });
  }

  /** Ends the machine with the daemon; a VM that has gone meanwhile is fine. */
  end(): Promise<void> {
    return this.#queue.enqueue(async () => {
      this.#cancelLater();
      const row = this.#record.row();
      if (row !== undefined && isLive(row.status)) await this.#halt(0);
    });
  }

  restart(graceMs: number): Promise<void> {
    return this.#queue.accept(async () => {
      if (isLive(this.#record.require().status)) await this.#halt(graceMs);
      await this.#startAgain(0);
    });
  }

  pause(): Promise<void> {
    return this.#queue.accept(async () => {
      this.#record.demand("pause");
      await this.#life?.machine.pause();
      this.#record.apply("pause");
    });
  }

  resume(): Promise<void> {
    return this.#queue.accept(async () => {
      this.#record.demand("resume");
      await this.#life?.machine.resume();
      this.#record.apply("resume");
    });
  }

  /** Changes what the guest may reach, now and after each later start. */
  setEgress(egress: VmRow["settings"]["egress"]): Promise<void> {
    return this.#queue.accept(async () => {
      const row = this.#record.require();
      // Stored first: a repair of the network applies what is stored.
      this.#record.amend({ settings: { ...row.settings, egress } });
      if (!isLive(row.status)) return;
      await this.#footprint.setEgress(egress).catch((error) => {
        this.#record.amend({ settings: row.settings });
        throw error;
      });
    });
  }

  /** The agent is ready, for the first time or with a new browser. */
  announce({ url, browserRestarts }: Announcement): Promise<void> {
    return this.#queue.accept(() => {
      const row = this.#record.demand("announce");
      const life = this.#life;
      if (life === null) {
        throw new ViperError("vm_busy", `Cannot announce VM "${row.name}": it has no machine`);
      }
      if (row.status === "running") {
        if (life.isNews(browserRestarts)) {
          this.#record.apply("announce", { agent_url: url }, { type: "VM_BROWSER_RESTARTED" });
        }
        if (life.agent?.url !== url) life.connect(url, row.token);
        return;
      }
      life.connect(url, row.token);
      this.#record.apply("announce", { agent_url: url, ready_at: this.#now() });
      this.#watchIdle(life, row);
    });
  }

  /** Stops, then removes the row; its lease goes with it. */
  remove(message?: string): Promise<void> {
    return this.#queue.accept(async () => {
      this.#cancelLater();
      const row = this.#record.require();
      if (isLive(row.status)) await this.#halt(0);
      else await this.#footprint.release({ ref: null });
      await this.#footprint.removeLog();
      this.#record.apply("remove", {}, { message });
    });
  }

  /** Takes a row of an earlier daemon to where it really stands: adopted, or crashed. */
  recover(): Promise<void> {
    return this.#queue.enqueue(async () => {
      const row = this.#record.require();
      this.#scheduleExpiry(row);
      if (!isLive(row.status) || await this.#adopt(row)) return;
      // One VM that cannot be cleaned up must not keep the daemon from starting; a delete retries.
      await this.#footprint.release({ ref: refOf(row) }).catch((error) => this.#logLeft(error));
      const reason = "its machine was gone when the daemon came back";
      if (row.started_at === null) return this.#record.discard(row, reason);
      if (row.status === "stopping") return void this.#record.apply("exit");
      this.#record.apply("exit", { reason });
      this.#restartLater();
    });
  }

  /** Ends a machine that has lost what it cannot be without. */
  lose(reason: string): Promise<void> {
    return this.#queue.enqueue(() => this.#crash("exit", reason));
  }

  /** Lets go of the machine, which runs on for the next daemon. */
  letGo(): Promise<void> {
    return this.#queue.enqueue(async () => {
      this.#cancelLater();
      this.#life?.end();
      await this.#footprint.letGo();
    });
  }

  /** Cleans up after a VM whose row is gone. */
  sweep(): Promise<void> {
    return this.#queue.enqueue(async () => {
      await this.#footprint.release({ ref: null });
      await this.#footprint.removeLog();
    });
  }

  /** Resolves when what has been asked for until now is done. */
  settled(): Promise<void> {
    return this.#queue.enqueue(() => {});
  }

  async #boot(row: VmRow): Promise<void> {
    const { planner, closing } = this.parts;
    const plan = await planner.plan(row);
    const machine = await this.#footprint.acquire(plan, closing);
    const life = this.#begin(new Incarnation(machine, this.parts.host));
    await machine.boot();
    this.#record.apply("boot", {
      accel: machine.accel,
      pid: machine.ref.pid,
      start_ticks: machine.ref.startTicks,
      started_at: this.#now(),
      reason: null,
    });
    this.#expireAfter(life, planner.bootTimeoutMs(machine.accel));
  }

  async #startAgain(restarts: number): Promise<void> {
    this.#cancelLater();
    const row = this.#record.demand("start");
    this.#scheduleExpiry(row);
    const change = { restarts, reason: null, ready_at: null, started_at: null };
    this.parts.planner.occupy(row, ({ mac }) => {
      this.#record.apply("start", { ...change, mac_address: mac });
    });
    try {
      await this.#boot(this.#record.require());
    } catch (error) {
      await this.#crash("exit", `not started: ${messageOf(error)}`);
      throw startError(row.name, error);
    }
  }

  async #adopt(row: VmRow): Promise<boolean> {
    const ref = refOf(row);
    if (ref === null) return false;
    const machine = await this.#footprint.adopt({ ref, row }, this.parts.closing)
      .catch((error) => this.#logLeft(error));
    const info = await machine?.info().catch(() => null) ?? null;
    if (!machine || info === null || info.state === "created" || info.state === "shutdown") {
      return false;
    }
    const life = this.#begin(new Incarnation(machine, this.parts.host));
    if (row.agent_url !== null) life.connect(row.agent_url, row.token);
    if (row.status === "stopping") await this.#halt(0);
    else if (info.state === "paused") this.#record.apply("pause");
    else this.#record.apply("resume");
    if (row.status === "starting") this.#expireAfter(life, this.#bootTimeLeftMs(row));
    else this.#watchIdle(life, row);
    return true;
  }

  #begin(life: Incarnation): Incarnation {
    this.#life = life;
    life.machine.exited.then((end) =>
      this.#queue.enqueue(() => this.#crashIf(life, "exit", endReason(end)))
    ).catch((error) => this.#logFailure("exit", error));
    life.whenHung(() =>
      this.#queue.enqueue(() => this.#crashIf(life, "exit", "the machine did not answer"))
    );
    return life;
  }

  /** From a live VM to a stopped one. A VM that could not be cleaned up stays `stopping`. */
  async #halt(graceMs: number): Promise<void> {
    const { status } = this.#record.require();
    this.#record.apply("stop");
    const life = this.#life;
    life?.end();
    if (life !== null && graceMs > 0 && status !== "paused") {
      await life.machine.powerButton().catch((error) => this.#logFailure("power_button", error));
      const late = () => new Error("late");
      await within(this.parts.host.clock, graceMs, life.machine.exited, late).catch(() => {});
    }
    this.#life = null;
    await this.#footprint.release(life === null ? { ref: null } : null);
    this.#record.apply("exit");
  }

  /** An end that nobody asked for: the state is told even when the host cannot be cleaned. */
  async #crash(signal: "exit" | "expire", reason: string): Promise<void> {
    const row = this.#record.row();
    if (row === undefined || transition(row.status, signal) === null) return;
    this.#life?.end();
    this.#life = null;
    await this.#footprint.release(null).catch((error) => this.#logLeft(error));
    this.#record.apply(signal, { reason });
    this.parts.onRoom();
    this.#restartLater();
  }

  async #crashIf(life: Incarnation, signal: "exit" | "expire", reason: string): Promise<void> {
    if (this.#life === life) await this.#crash(signal, reason);
  }

  async #rollBack(row: VmRow, cause: unknown): Promise<void> {
    this.#life?.end();
    this.#life = null;
    const message = `not created: ${messageOf(cause)}`;
    try {
      await this.#footprint.release(null);
      await this.#footprint.removeLog();
    } catch (error) {
      // The row stays and is told to have crashed, so that a delete can clean up later.
      this.#logFailure("roll_back", error);
      return void this.#record.apply("exit", { reason: message });
    }
    this.#record.discard(row, message);
  }

  #expireAfter(life: Incarnation, ms: number): void {
    life.after(
      ms,
      () =>
        this.#queue.enqueue(() =>
          this.#crashIf(life, "expire", `the agent was not ready in ${ms} ms`)
        ),
    );
  }

  #bootTimeLeftMs({ started_at, accel }: VmRow): number {
    const sinceMs = this.parts.host.clock.now().getTime() - Date.parse(started_at ?? "");
    return Math.max(1, this.parts.planner.bootTimeoutMs(accel) - Math.max(0, sinceMs));
  }

  #watchIdle(life: Incarnation, { settings: { idle_timeout_ms: ms } }: VmRow): void {
    if (ms === null) return;
    life.whenIdle(ms, () => this.parts.retire(this.id, `not used for ${ms} ms`));
  }

  #scheduleExpiry({ expires_at }: VmRow): void {
    if (expires_at === null) return;
    const ms = Date.parse(expires_at) - this.parts.host.clock.now().getTime();
    this.#sleepThen(Math.max(0, ms), () => this.parts.retire(this.id, "its time to live is over"));
  }

  #restartLater(): void {
    const row = this.#record.row();
    const restart = row && nextRestart(row, this.parts.host.clock.now());
    if (!restart) return;
    this.#sleepThen(restart.afterMs, () =>
      this.#queue.enqueue(async () => {
        if (this.#record.row()?.status === "crashed") await this.#startAgain(restart.count);
      }).catch((error) => {
        this.#logFailure("restart", error);
        // A boot that failed has counted itself; a host without room is asked again, as often.
        if (this.#record.require().restarts === restart.count) return;
        this.#record.amend({ restarts: restart.count });
        this.#restartLater();
      }));
  }

  #sleepThen(ms: number, job: () => Promise<void>): void {
    const { signal } = this.#later;
    this.parts.host.clock.sleep(ms, signal).then(job).catch((error) => {
      if (!signal.aborted) this.#logFailure("later", error);
    });
  }

  #cancelLater(): void {
    this.#later.abort();
    this.#later = new AbortController();
  }

  #now(): string {
    return this.parts.host.clock.now().toISOString();
  }

  #logLeft(error: unknown): void {
    this.parts.host.log("error", "VM left something behind", { vm: this.id, error });
  }

  #logFailure(step: string, error: unknown): void {
    this.parts.host.log("error", "VM step failed", { vm: this.id, step, error });
  }
}

function refOf({ pid, start_ticks }: VmRow): { pid: number; startTicks: number } | null {
  return pid === null || start_ticks === null ? null : { pid, startTicks: start_ticks };
}

/** Why a machine is gone, for people. */
function endReason({ cause, status }: MachineEnd): string {
  if (cause !== "process_exit") return `the machine ended: ${cause.replace("_", " ")}`;
  if (status === null) return "the machine's process is gone";
  return `the machine ended by ${status.signal ?? `itself with code ${status.code}`}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function startError(name: string, error: unknown): ViperError {
  if (error instanceof ViperError) return error;
  return new ViperError("vm_start_failed", `Cannot start VM "${name}": ${messageOf(error)}`, {
    cause: error,
  });
}
