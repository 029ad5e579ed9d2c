/**
 * One life of a VM's machine, from its boot, or its adoption, to its end: the way to its agent, and
 * the watches that end with it.
 *
 * @module
 */
import type { Clock, Host, HttpPool } from "../../host/host.ts";
import type { Machine } from "../runtimes/runtime.ts";
import { within } from "../runtimes/within.ts";

/** A machine is asked so often whether it is well, and may be silent so often. */
const HEALTH_INTERVAL_MS = 10_000;
const HEALTH_TIMEOUT_MS = 5_000;
const HEALTH_MISSES_MAX = 3;

/** Restarts of a browser that are told within the window; an honest agent ends itself before. */
const RESTARTS_TOLD_MAX = 10;
/** Crashes of pages that are told within the window. */
const PAGE_CRASHES_TOLD_MAX = 30;
const TOLD_WINDOW_MS = 60_000;

/** How to reach a VM's agent. */
export interface AgentLink {
  readonly url: string;
  readonly token: string;
  /** Of this VM alone, so that no connection outlives it into a VM with the same address. */
  readonly pool: HttpPool;
  /** Aborted when the VM stops, for whatever reason: its silence would be waited for. */
  readonly signal: AbortSignal;
  /** Says that the browser is in use until disposed: a VM in use is not idle. */
  use(): Disposable;
}

/** One life of a machine. */
export class Incarnation {
  readonly #ended = new AbortController();
  #agent: AgentLink | null = null;
  #isAttaching = false;
  #uses = 0;
  #lastUseMs: number;
  #browserRestarts = 0;
  readonly #restartsTold: Allowance;
  readonly #crashesTold: Allowance;

  constructor(readonly machine: Machine, private readonly host: Host) {
    this.#lastUseMs = host.clock.monotonicMs();
    this.#restartsTold = new Allowance(RESTARTS_TOLD_MAX, host.clock);
    this.#crashesTold = new Allowance(PAGE_CRASHES_TOLD_MAX, host.clock);
  }

  /** Aborted when the life has ended. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  get agent(): AgentLink | null {
    return this.#agent;
  }

  /** The agent listens there. */
  connect(url: string, token: string): void {
    this.#agent?.pool[Symbol.dispose]();
    const pool = this.host.net.openPool("vm.agent:pool");
    this.#agent = { url, token, pool, signal: this.signal, use: () => this.#use() };
    this.#lastUseMs = this.host.clock.monotonicMs();
  }

  /** Gives the browser its profile, unless that is being done; what came too late is no failure. */
  attach(job: (agent: AgentLink) => Promise<void>): Promise<void> | null {
    if (this.#agent === null || this.#isAttaching) return null;
    this.#isAttaching = true;
    const done = job(this.#agent).finally(() => this.#isAttaching = false);
    return done.catch((error) => this.signal.aborted ? undefined : Promise.reject(error));
  }

  /** Whether the browser is being given its profile, which has a bound of its own. */
  get isAttaching(): boolean {
    return this.#isAttaching;
  }

  /** Ends all watches and connections. Idempotent. */
  end(): void {
    this.#ended.abort();
    this.#agent?.pool[Symbol.dispose]();
    this.#agent = null;
  }

  /** Calls back after `ms`, unless the life ends first. */
  after(ms: number, job: () => Promise<void>): void {
    this.#guard("timer", this.host.clock.sleep(ms, this.signal).then(job));
  }

  /** Calls back once the browser has not been used for `ms`. */
  whenIdle(ms: number, job: () => Promise<void>): void {
    this.#guard("idle", this.#idle(ms).then(job));
  }

  /** Calls back once the machine's process is there and does not answer. */
  whenHung(job: () => Promise<void>): void {
    this.#guard("health", this.#hung().then(job));
  }

  /** Only a counter that grows is news, and a guest cannot flood the events with it. */
  isNews(browserRestarts: number): boolean {
    const isGrown = browserRestarts > this.#browserRestarts;
    if (!isGrown || !this.#restartsTold.take()) return false;
    this.#browserRestarts = browserRestarts;
    return true;
  }

  /** Whether one more crash of a page may be told: a guest cannot flood the events with them. */
  mayTellCrash(): boolean {
    return this.#crashesTold.take();
  }

  #use(): Disposable {
    this.#uses++;
    const done = () => {
      this.#uses--;
      this.#lastUseMs = this.host.clock.monotonicMs();
    };
    return { [Symbol.dispose]: once(done) };
  }

  async #idle(ms: number): Promise<void> {
    const { clock } = this.host;
    while (true) {
      const idleMs = this.#uses > 0 ? 0 : clock.monotonicMs() - this.#lastUseMs;
      if (idleMs >= ms) return;
      await clock.sleep(ms - idleMs, this.signal);
    }
  }

  async #hung(): Promise<void> {
    const { clock } = this.host;
    for (let misses = 0; misses < HEALTH_MISSES_MAX;) {
      await clock.sleep(HEALTH_INTERVAL_MS, this.signal);
      misses = await isWell(this.machine, clock) ? 0 : misses + 1;
    }
  }

  /** What ends since the life ended is no failure. */
  #guard(watch: string, work: Promise<void>): void {
    work.catch((error) => {
      if (this.signal.aborted) return;
      this.host.log("error", "VM watch failed", { watch, error });
    });
  }
}

async function isWell(machine: Machine, clock: Clock): Promise<boolean> {
  const late = () => new Error(`No answer in ${HEALTH_TIMEOUT_MS} ms`);
  return await within(clock, HEALTH_TIMEOUT_MS, machine.info(), late).then(() => true, () => false);
}

function once(callback: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) callback();
    isDone = true;
  };
}

/** So many within {@linkcode TOLD_WINDOW_MS}. */
class Allowance {
  #timesMs: number[] = [];

  constructor(private readonly most: number, private readonly clock: Clock) {}

  take(): boolean {
    const nowMs = this.clock.monotonicMs();
    this.#timesMs = this.#timesMs.filter((at) => at > nowMs - TOLD_WINDOW_MS);
    if (this.#timesMs.length >= this.most) return false;
    this.#timesMs.push(nowMs);
    return true;
  }
}
