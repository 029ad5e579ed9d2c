/**
 * A stand-in for a runtime: machines that are objects and nothing else, and that do what a test
 * tells them. It proves what the fleet does with a runtime, never what a runtime does.
 */
import type {
  Availability,
  Machine,
  MachineEnd,
  MachineInfo,
  MachineRef,
  MachineSpec,
  Runtime,
} from "../../../../server/runtimes/runtime.ts";

/** A machine that ends when the test, or the fleet, says so. */
export class StandInMachine implements Machine {
  readonly accel = "none";
  readonly #exited = Promise.withResolvers<MachineEnd>();
  readonly exited = this.#exited.promise;
  isGone = false;
  isReleased = false;
  /** Presses that the guest has not heeded. */
  presses = 0;
  /** What the guest does when its power button is pressed. */
  onPowerButton: () => void = () => {};
  /** Set to make the process hang: `info()` answers with this. */
  hang: Promise<never> | null = null;
  state: MachineInfo["state"] = "created";

  constructor(
    readonly spec: MachineSpec,
    readonly ref: MachineRef,
    private readonly bootFailure: Error | null,
  ) {}

  /** Ends, by itself unless told otherwise. */
  exit(cause: MachineEnd["cause"] = "process_exit"): void {
    this.isGone = true;
    this.state = "shutdown";
    this.#exited.resolve({ cause, status: { code: 1, signal: null } });
  }

  boot(): Promise<void> {
    if (this.bootFailure !== null) return Promise.reject(this.bootFailure);
    this.state = "running";
    return Promise.resolve();
  }

  info(): Promise<MachineInfo> {
    return this.hang ?? Promise.resolve({ state: this.state });
  }

  powerButton(): Promise<void> {
    this.presses++;
    this.onPowerButton();
    return Promise.resolve();
  }

  pause(): Promise<void> {
    this.state = "paused";
    return Promise.resolve();
  }

  resume(): Promise<void> {
    this.state = "running";
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    this.exit("requested");
    return Promise.resolve();
  }

  delete(): Promise<void> {
    return this.shutdown();
  }

  release(): Promise<void> {
    this.isReleased = true;
    return Promise.resolve();
  }
}

/** Makes stand-in machines, late or never when the test wants that. */
export class StandInRuntime implements Runtime {
  #made = 0;
  readonly name = "qemu";
  readonly traits = { image: false, network: true };
  readonly machines: StandInMachine[] = [];
  /** Machines that were asked for, made or not. */
  asked = 0;
  /** `create` waits for it. */
  gate: Promise<void> = Promise.resolve();
  /** Whether machines that are gone stay in the list. */
  remembers = true;
  createFailure: Error | null = null;
  bootFailure: Error | null = null;

  probe(): Promise<Availability> {
    return Promise.resolve({ available: true, version: "stand-in", accel: "none" });
  }

  async create(spec: MachineSpec, signal: AbortSignal): Promise<Machine> {
    this.asked++;
    await this.gate;
    signal.throwIfAborted();
    if (this.createFailure !== null) throw this.createFailure;
    // Above every number that Linux gives (PID_MAX_LIMIT is 2^22), so that none is hit by chance.
    const ref = { pid: 5_000_000 + this.#made++, startTicks: 1 };
    const machine = new StandInMachine(spec, ref, this.bootFailure);
    if (!this.remembers) this.machines.splice(0, Infinity, ...this.running);
    this.machines.push(machine);
    return machine;
  }

  /** Takes over a machine of this very runtime, as if an earlier daemon had made it. */
  adopt({ ref }: { readonly ref: MachineRef }): Promise<Machine | null> {
    const found = this.running.find((machine) => machine.ref.pid === ref.pid);
    if (found !== undefined) found.isReleased = false;
    return Promise.resolve(found ?? null);
  }

  get running(): StandInMachine[] {
    return this.machines.filter(({ isGone }) => !isGone);
  }
}
