/**
 * Host and runtime as one daemon has them, until it dies: from then on nothing of what it began
 * comes to an end, as after SIGKILL, while machines and time go on for the next one.
 */
import type { Host } from "../../../../host/host.ts";
import type { Machine, Runtime } from "../../../../server/runtimes/runtime.ts";

/** What a daemon that can die is built over. */
export interface MortalParts {
  readonly host: Host;
  readonly runtime: Runtime;
  die(): void;
}

export function mortalParts(host: Host, runtime: Runtime): MortalParts {
  const { clock, net } = host;
  const death = new AbortController();
  const dead = death.signal;
  const lived = <Value>(promise: Promise<Value>): Promise<Value> =>
    new Promise((resolve, reject) =>
      promise.then(
        (value) => dead.aborted || resolve(value),
        (error) => dead.aborted || reject(error),
      )
    );
  const machineOf = (machine: Machine): Machine => ({
    ref: machine.ref,
    accel: machine.accel,
    exited: lived(machine.exited),
    boot: () => lived(machine.boot()),
    info: () => lived(machine.info()),
    pause: () => lived(machine.pause()),
    resume: () => lived(machine.resume()),
    powerButton: () => lived(machine.powerButton()),
    shutdown: () => lived(machine.shutdown()),
    delete: () => lived(machine.delete()),
    release: () => lived(machine.release()),
  });
  const atDeath = <Part extends Disposable>(part: Part): Part => {
    const end = () => {
      dead.removeEventListener("abort", end);
      part[Symbol.dispose]();
    };
    dead.addEventListener("abort", end);
    return { ...part, [Symbol.dispose]: end };
  };
  const openPool: Host["net"]["openPool"] = (...given) => atDeath(net.openPool(...given));
  const mortalClock: Host["clock"] = {
    now: clock.now,
    monotonicMs: clock.monotonicMs,
    sleep: (ms, signal) =>
      lived(clock.sleep(ms, AbortSignal.any([dead, ...(signal === undefined ? [] : [signal])]))),
    every: (ms, callback) => atDeath(clock.every(ms, callback)),
  };
  return {
    die: () => death.abort(),
    host: { ...host, clock: mortalClock, net: { ...net, openPool } },
    runtime: {
      name: runtime.name,
      traits: runtime.traits,
      probe: () => runtime.probe(),
      create: async (spec, signal) => machineOf(await lived(runtime.create(spec, signal))),
      adopt: async (place, signal) => {
        const machine = await lived(runtime.adopt(place, signal));
        return machine && machineOf(machine);
      },
    },
  };
}
