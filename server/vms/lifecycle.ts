/**
 * The steps that take a VM from one status to the next. Who takes a step has the VM's turn: `vm.ts`
 * queues them. `login.ts` has the browser's profile, `lifetime.ts` the VM's time.
 *
 * @module
 */
import type { Machine } from "../runtimes/runtime.ts";
import type { VmRow } from "../store/vm_rows.ts";
import {
  bootTimeout,
  type Crash,
  crashOf,
  HUNG,
  messageOf,
  notStarted,
  OUT_OF_MEMORY,
  startError,
} from "./crash.ts";
import { Footprint, type FootprintParts } from "./footprint.ts";
import { Incarnation } from "./incarnation.ts";
import { Later } from "./later.ts";
import { Lifetime } from "./lifetime.ts";
import { Login } from "./login.ts";
import { OwnSteps } from "./own_steps.ts";
import type { Planner } from "./planner.ts";
import { nextRestart } from "./restarts.ts";
import { transition } from "./states.ts";
import type { VmProfiles } from "./vm_profiles.ts";
import type { VmQueue } from "./vm_queue.ts";
import { type RecordParts, VmRecord } from "./vm_record.ts";

/** What VMs are made with; one for all. */
export interface VmParts extends RecordParts {
  readonly footprint: FootprintParts;
  readonly planner: Planner;
  readonly profiles: VmProfiles;
  /** Aborted when the daemon ends. */
  readonly closing: AbortSignal;
  /** Deletes a VM whose time is over. */
  readonly retire: (id: string, reason: string) => Promise<void>;
  /** Told when a VM has ended by itself: there may be room for another. */
  readonly onRoom: () => void;
}

/** One VM's machine, from life to life. */
export class Lifecycle {
  readonly footprint: Footprint;
  readonly record: VmRecord;
  readonly steps: OwnSteps;
  readonly login: Login;
  readonly lifetime: Lifetime;
  readonly logLeft = (error: unknown): void =>
    this.parts.host.log("error", "VM left something behind", { vm: this.id, error });
  readonly #restart: Later;
  #life: Incarnation | null = null;
  #hurry = new AbortController();

  constructor(
    readonly id: string,
    private readonly queue: VmQueue,
    private readonly parts: VmParts,
  ) {
    const { clock } = parts.host;
    this.footprint = new Footprint(id, parts.footprint);
    this.record = new VmRecord(id, parts);
    this.steps = new OwnSteps(id, queue, parts);
    this.login = new Login(this, parts.profiles);
    const retire = (reason: string) => parts.retire(id, reason);
    this.lifetime = new Lifetime({ clock, steps: this.steps, retire });
    this.#restart = new Later(clock, (error) => this.steps.logFailure("restart", error));
  }

  /** The life of its machine, while it has one. */
  get life(): Incarnation | null {
    return this.#life;
  }

  /** Makes the machine of a `pending` VM and boots it; what fails is to be cleaned up after. */
  async boot(row: VmRow): Promise<void> {
    const { planner, closing } = this.parts;
    const plan = await planner.plan(row);
    const machine = await this.footprint.acquire(plan, closing);
    const life = this.begin(machine);
    await machine.boot();
    this.record.apply("boot", {
      accel: machine.accel,
      pid: machine.ref.pid,
      start_ticks: machine.ref.startTicks,
      started_at: this.now(),
      reason: null,
    });
    this.expectAnnounce(life, machine);
  }

  /** Whether the VM could be started here and now, but for room. @throws {ViperError} why not */
  async assertStartable(row: VmRow): Promise<void> {
    this.parts.closing.throwIfAborted();
    this.parts.planner.assertRuntime(row);
    await this.parts.planner.assertImage(row);
  }

  /** Boots a VM that is not up. @throws {ViperError} `vm_busy` */
  async startAgain(restarts: number): Promise<void> {
    const row = this.record.demand("start");
    await this.assertStartable(row);
    this.cancelRestart();
    // What could not be undone when the VM went down would be in the way.
    await this.footprint.clear();
    const change = { restarts, reason: null, ready_at: null };
    this.parts.planner.occupy(row, ({ mac }) => {
      this.record.apply("start", { ...change, mac_address: mac });
    });
    try {
      await this.boot(this.record.require());
    } catch (error) {
      await this.crash("exit", notStarted(`not started: ${messageOf(error)}`));
      throw startError(row.name, error);
    }
  }

  /** A life of the machine begins; what ends it by itself is a crash. */
  begin(machine: Machine): Incarnation {
    const life = new Incarnation(machine, this.parts.host);
    this.#life = life;
    const end = (crash: Crash) => this.inLife(life, "exit", () => this.crash("exit", crash));
    machine.exited.then((status) => end(crashOf(status)));
    life.whenHung(() => end(HUNG));
    return life;
  }

  /** Takes a step in the VM's turn, unless that life of its machine is over by then. */
  inLife(life: Incarnation, step: string, job: () => void | Promise<void>): Promise<void> {
    return this.steps.inTurn(step, async () => {
      if (this.#life === life) await job();
    });
  }

  /** A VM whose agent does not announce itself in time has crashed. */
  expectAnnounce(life: Incarnation, machine: Machine): void {
    const ms = this.parts.planner.bootTimeoutMs(machine.accel);
    const crash = bootTimeout(ms);
    life.after(ms, async () => {
      // It has announced itself; what it waits for ends with the VM running, or crashed.
      if (life.isAttaching) return;
      await this.inLife(life, "expire", () => this.crash("expire", crash));
    });
  }

  /**
   * The agent listens there: the VM runs, once its browser has its profile. Until then the VM has
   * its turns, so that a stop need not wait, and callers find it `starting`.
   */
  greet(life: Incarnation, row: VmRow, url: string): void {
    if (life.agent?.url !== url) life.connect(url, row.token);
    if (row.profile === null) return this.ready(life);
    // A next daemon, to which nothing is announced again, finds the agent by it.
    this.record.amend({ agent_url: url });
    this.login.begin(life, row.profile);
  }

  /** The browser of a VM that starts may be used. */
  ready(life: Incarnation): void {
    this.record.apply("announce", { agent_url: life.agent?.url ?? null, ready_at: this.now() });
    this.lifetime.watchIdle(life, this.record.require());
  }

  /** From a live VM to a stopped one. A VM that could not be cleaned up stays `stopping`. */
  async halt(graceMs: number): Promise<void> {
    const row = this.record.require();
    this.record.apply("stop");
    const life = this.#life;
    const unsaved = life === null ? null : await this.login.saveAtEnd(life, row);
    life?.end();
    if (life !== null && graceMs > 0 && row.status !== "paused") {
      await life.machine.powerButton().catch((error) =>
        this.steps.logFailure("power_button", error)
      );
      await this.#exitWithin(life.machine, graceMs);
    }
    this.#life = null;
    await this.footprint.release(life === null ? { ref: null } : null);
    this.record.apply("exit", unsaved === null ? {} : { reason: unsaved });
  }

  /** Whoever is given time to power off has none any more, until {@linkcode hurry} is over. */
  async hurry<Result>(job: () => Promise<Result>): Promise<Result> {
    this.#hurry.abort();
    try {
      return await job();
    } finally {
      this.#hurry = new AbortController();
    }
  }

  /** An end that nobody asked for: the state is told even when the host cannot be cleaned. */
  async crash(signal: "exit" | "expire", crash: Crash): Promise<void> {
    const row = this.record.row();
    if (row === undefined || transition(row.status, signal) === null) return;
    this.#life?.end();
    const { cause, reason } = await this.#explained(crash);
    const isUnclean = await this.hasLeft(this.footprint.release(null));
    this.record.apply(signal, { reason }, { cause, isUnclean });
    // Only now, so that an end that could not be stored is told again.
    this.#life = null;
    this.parts.onRoom();
    this.restartLater();
  }

  /** Whether a clean-up failed, which is logged; what is left stays for a start or a delete. */
  async hasLeft(released: Promise<void>): Promise<boolean> {
    return await released.then(() => false, (error) => {
      this.logLeft(error);
      return true;
    });
  }

  /** Takes back a VM whose first boot failed. */
  async rollBack(row: VmRow, cause: unknown): Promise<void> {
    this.#life?.end();
    this.#life = null;
    const { reason, ...told } = notStarted(`not created: ${messageOf(cause)}`);
    try {
      await this.footprint.release(null);
      await this.footprint.removeLog();
    } catch (error) {
      // The row stays and is told to have crashed, so that a delete can clean up later.
      this.steps.logFailure("roll_back", error);
      this.parts.idempotency.removeOf(this.id);
      return void this.record.apply("exit", { reason }, { ...told, isUnclean: true });
    }
    try {
      this.record.discard(row, reason);
    } catch (error) {
      // Without this the row would stand for a VM that never comes; a delete may be there first.
      this.steps.logFailure("discard", error);
      void this.steps.inTurn("discard", () => {
        if (this.record.row()?.status === "pending") this.record.discard(row, reason);
      });
    }
  }

  /** Starts a VM that has crashed again, if and when its policy says so. */
  restartLater(): void {
    const row = this.record.row();
    const restart = row && nextRestart(row, this.parts.host.clock.now());
    if (!restart) return;
    this.#restart.plan(restart.afterMs, () =>
      this.queue.enqueue(async () => {
        if (this.record.row()?.status === "crashed") await this.startAgain(restart.count);
      }).catch((error) => {
        this.steps.logFailure("restart", error);
        const row = this.record.row();
        // A boot that failed has counted itself; a host without room is asked again, as often.
        if (row === undefined || row.restarts === restart.count) return;
        this.record.amend({ restarts: restart.count });
        this.restartLater();
      }));
  }

  cancelRestart(): void {
    this.#restart.cancel();
  }

  /** Nothing happens to the VM by itself any more. */
  cancelAll(): void {
    this.#restart.cancel();
    this.lifetime.cancel();
  }

  /** Lets go of the machine, which runs on for the next daemon. */
  async letGo(): Promise<void> {
    this.cancelAll();
    this.#life?.end();
    this.#life = null;
    await this.footprint.letGo();
  }

  now(): string {
    return this.parts.host.clock.now().toISOString();
  }

  /** What the kernel knows of an end, while there is a cgroup to ask. */
  async #explained(crash: Crash): Promise<Crash> {
    if (crash.cause !== "process_exit") return crash;
    const wasStarved = await this.footprint.wasStarved().catch((error) => {
      this.steps.logFailure("explain", error);
      return false;
    });
    return wasStarved ? OUT_OF_MEMORY : crash;
  }

  async #exitWithin(machine: Machine, ms: number): Promise<void> {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.#hurry.signal, this.parts.closing]);
    const patience = this.parts.host.clock.sleep(ms, signal).catch(() => {}); // Time is up, too.
    await Promise.race([machine.exited, patience]);
    over.abort();
  }
}
