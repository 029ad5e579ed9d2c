import type { CloudHypervisorEvent } from "./cloud_hypervisor_events.ts";
import type { MachineEnd } from "./runtime.ts";

/**
 * What the guest did when Cloud Hypervisor says so. It is started with `--no-shutdown`: so a guest
 * that powers off is told apart from a fault of a virtual processor, which ends the process. A guest
 * that resets would be booted again in place.
 */
const CAUSES: Readonly<Record<string, MachineEnd["cause"]>> = {
  "vm shutdown": "guest_poweroff",
  "vm rebooting": "guest_reset",
  "guest panic": "guest_panic",
};

/** Collects why a Cloud Hypervisor is about to end; the first word on it counts. */
export class CloudHypervisorEnd {
  #cause: MachineEnd["cause"] | null = null;

  /** Whether the event is the first word on the machine's end. */
  note({ source, event }: CloudHypervisorEvent): boolean {
    const cause = CAUSES[`${source} ${event}`];
    if (cause === undefined || this.#cause !== null) return false;
    this.#cause = cause;
    return true;
  }

  /** The daemon asks it to end. */
  request(): void {
    this.#cause ??= "requested";
  }

  /** Whether its end is on the way. */
  get isNear(): boolean {
    return this.#cause !== null;
  }

  get cause(): MachineEnd["cause"] {
    return this.#cause ?? "process_exit";
  }
}
