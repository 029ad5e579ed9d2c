import type { Host } from "../../host/host.ts";
import { insist } from "./later.ts";
import type { VmQueue } from "./vm_queue.ts";

/** What a VM's own steps are taken with. */
export interface OwnStepsParts {
  readonly host: Pick<Host, "clock" | "log">;
  /** Aborted when the daemon ends; the next one finds what is left to do. */
  readonly closing: AbortSignal;
}

/** Steps that a VM takes by itself: nobody waits for them, so the log alone hears of a failure. */
export class OwnSteps {
  constructor(
    private readonly id: string,
    private readonly queue: VmQueue,
    private readonly parts: OwnStepsParts,
  ) {}

  /** Takes the step in the VM's turn, again and again until it succeeds. */
  inTurn(step: string, job: () => void | Promise<void>): Promise<void> {
    return this.insist(step, () => this.queue.enqueue(job));
  }

  /** Takes it without a turn, as what has turns of its own must. */
  insist(step: string, job: () => Promise<void>): Promise<void> {
    const { host: { clock }, closing: signal } = this.parts;
    const onFailure = (error: unknown) => this.logFailure(step, error);
    return insist(job, { clock, signal, onFailure }).catch(() => {});
  }

  logFailure(step: string, error: unknown): void {
    this.parts.host.log("error", "VM step failed", { vm: this.id, step, error });
  }
}
