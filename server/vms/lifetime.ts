import type { Clock } from "../../host/host.ts";
import { TTL_MS_MAX } from "../../protocol/vm_settings.ts";
import type { VmRow } from "../store/vm_rows.ts";
import type { Incarnation } from "./incarnation.ts";
import { Later } from "./later.ts";
import type { OwnSteps } from "./own_steps.ts";

/** What a VM's time is measured with. */
export interface LifetimeParts {
  readonly clock: Clock;
  readonly steps: OwnSteps;
  /** Deletes the VM. */
  readonly retire: (reason: string) => Promise<void>;
}

/** How long a VM may be there; then it is deleted. */
export class Lifetime {
  readonly #expiry: Later;

  constructor(private readonly parts: LifetimeParts) {
    const { clock, steps } = parts;
    this.#expiry = new Later(clock, (error) => steps.logFailure("expiry", error));
  }

  /** A VM that is not used for long enough is deleted. */
  watchIdle(life: Incarnation, { settings: { idle_timeout_ms: ms } }: VmRow): void {
    if (ms === null) return;
    const { steps, retire } = this.parts;
    life.whenIdle(ms, () => steps.insist("idle", () => retire(`not used for ${ms} ms`)));
  }

  /** A VM whose time is over is deleted, whatever it does until then. */
  watchExpiry({ expires_at }: VmRow): void {
    if (expires_at === null) return;
    const { clock, retire } = this.parts;
    const leftMs = Date.parse(expires_at) - clock.now().getTime();
    // A clock that was set back must not make it longer than any may be, nor than a timer can hold.
    const ms = Math.min(Math.max(0, leftMs), TTL_MS_MAX);
    this.#expiry.plan(ms, () => retire("its time to live is over"));
  }

  /** It stays for as long as this daemon runs. */
  cancel(): void {
    this.#expiry.cancel();
  }
}
