/**
 * A stand-in for a runtime: machines that are objects and nothing else, and that do what a test
 * tells them. It proves what the fleet does with a runtime, never what a runtime does.
 */
import type { ExitStatus } from "../../../../host/host.ts";
import type {
  Availability,
  Machine,
  MachineSpec,
  Runtime,
} from "../../../../server/runtimes/runtime.ts";

/** A machine that ends when the test, or the fleet, says so. */
export class StandInMachine implements Machine {
  readonly accel = "none";
  readonly #exited = Promise.withResolvers<ExitStatus>();
  readonly exited = this.#exited.promise;
  isGone = false;

  constructor(
    readonly spec: MachineSpec,
    readonly ref: { readonly pid: number; readonly startTicks: number },
    private readonly bootFailure: Error | null,
  ) {}

  /** Ends by itself. */
  exit(status: ExitStatus = { code: 1, signal: null }): void {
    this.isGone = true;
    this.#exited.resolve(status);
  }

  boot(): Promise<void> {
    return this.bootFailure === null ? Promise.resolve() : Promise.reject(this.bootFailure);
  }

  info(): Promise<{ state: "running" }> {
    return Promise.resolve({ state: "running" });
  }

  powerButton(): Promise<void> {
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    this.exit({ code: 137, signal: "SIGKILL" });
    return Promise.resolve();
  }

  delete(): Promise<void> {
    return this.shutdown();
  }
}

/** Makes stand-in machines, late or never when the test wants that. */
export class StandInRuntime implements Runtime {
  readonly name = "qemu";
  readonly traits = { image: false, network: true };
  readonly machines: StandInMachine[] = [];
  /** `create` waits for it. */
  gate: Promise<void> = Promise.resolve();
  createFailure: Error | null = null;
  bootFailure: Error | null = null;

  probe(): Promise<Availability> {
    return Promise.resolve({ available: true, version: "stand-in", accel: "none" });
  }

  async create(spec: MachineSpec, signal: AbortSignal): Promise<Machine> {
    await this.gate;
    signal.throwIfAborted();
    if (this.createFailure !== null) throw this.createFailure;
    // Above every number that Linux gives (PID_MAX_LIMIT is 2^22), so that none is hit by chance.
    const ref = { pid: 5_000_000 + this.machines.length, startTicks: 1 };
    const machine = new StandInMachine(spec, ref, this.bootFailure);
    this.machines.push(machine);
    return machine;
  }

  get running(): StandInMachine[] {
    return this.machines.filter(({ isGone }) => !isGone);
  }
}
