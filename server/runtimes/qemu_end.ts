import type { MachineEnd } from "./runtime.ts";
import type { QmpEvent } from "./qmp.ts";

/** QEMU's ShutdownCause as the contract's; https://www.qemu.org/docs/master/interop/qemu-qmp-ref.html */
const CAUSES: ReadonlyMap<unknown, MachineEnd["cause"]> = new Map([
  ["guest-shutdown", "guest_poweroff"],
  ["guest-reset", "guest_reset"],
  ["guest-panic", "guest_panic"],
]);

/** Collects from QEMU's events why it is about to end. */
export class QemuEnd {
  #cause: MachineEnd["cause"] | null = null;

  /** The first word on the end counts, be it the guest's or ours. */
  note({ event, data }: QmpEvent): void {
    if (event === "GUEST_PANICKED") this.#cause ??= "guest_panic";
    if (event !== "SHUTDOWN") return;
    this.#cause ??= CAUSES.get((data as { reason?: unknown } | undefined)?.reason) ?? null;
  }

  /** The daemon asks it to end. */
  request(): void {
    this.#cause ??= "requested";
  }

  get cause(): MachineEnd["cause"] {
    return this.#cause ?? "process_exit";
  }
}
