/**
 * What the events of VMs' lives say in figures: how starts go, how long their parts take, why VMs
 * crash.
 *
 * @module
 */
import type { Clock } from "../../host/host.ts";
import { crashCause, eventType, type VmEvent } from "../../protocol/events.ts";
import type { Metrics } from "./metrics.ts";

/** A start that is under way; times by the monotonic clock. */
interface Start {
  readonly createdMs: number | null;
  readonly bootedMs: number | null;
  /** What the agent says that it needed. */
  readonly agentMs: number | null;
}

/** How starts end. */
const OUTCOMES = ["ready", "failed", "cancelled"] as const;

const NEW_START: Start = { createdMs: null, bootedMs: null, agentMs: null };

/** Follows VMs from event to event. */
export class VmLives {
  /** By the VM's id; every live VM has one at most. */
  readonly #starts = new Map<string, Start>();

  constructor(
    private readonly metrics: Metrics,
    private readonly clock: Pick<Clock, "monotonicMs">,
  ) {
    // From 0 on, so that the first one is seen to be one more.
    for (const type of eventType.options) metrics.count("viper_events_total", { type }, 0);
    for (const outcome of OUTCOMES) metrics.count("viper_vm_starts_total", { outcome }, 0);
    for (const cause of crashCause.options) metrics.count("viper_vm_crashes_total", { cause }, 0);
  }

  /** To be called with each event, in order, as it happens. */
  take({ type, vm_id: id, cause }: VmEvent): void {
    this.metrics.count("viper_events_total", { type });
    if (type === "VM_CREATED") this.#starts.set(id, { ...NEW_START, createdMs: this.#nowMs() });
    if (type === "VM_STARTING") this.#booted(id);
    if (type === "VM_RUNNING") this.#ready(id);
    if (type === "VM_STOPPING") this.#ended(id, "cancelled");
    // A VM that is deleted while it starts is stopped first: this one never came to be.
    if (type === "VM_DELETED") this.#ended(id, "failed");
    if (type !== "VM_CRASHED") return;
    this.metrics.count("viper_vm_crashes_total", { cause: cause ?? "unknown" });
    this.#ended(id, "failed");
  }

  /** What an agent says of itself; a guest may say anything, so it counts in a start only. */
  noteAnnounce(id: string, agentMs: number): void {
    const start = this.#starts.get(id);
    if (start !== undefined) this.#starts.set(id, { ...start, agentMs });
  }

  #booted(id: string): void {
    const start = this.#starts.get(id) ?? NEW_START;
    const bootedMs = this.#nowMs();
    if (start.createdMs !== null) this.#observe("prepare", bootedMs - start.createdMs);
    this.#starts.set(id, { ...start, bootedMs });
  }

  #ready(id: string): void {
    this.metrics.count("viper_vm_starts_total", { outcome: "ready" });
    const { bootedMs, agentMs } = this.#starts.get(id) ?? NEW_START;
    this.#starts.delete(id);
    if (bootedMs === null) return;
    const bootMs = this.#nowMs() - bootedMs;
    this.#observe("boot", bootMs);
    if (agentMs !== null) this.#observe("agent", Math.min(agentMs, bootMs));
  }

  #ended(id: string, outcome: "failed" | "cancelled"): void {
    if (this.#starts.delete(id)) this.metrics.count("viper_vm_starts_total", { outcome });
  }

  #observe(phase: "prepare" | "boot" | "agent", ms: number): void {
    this.metrics.observe("viper_vm_boot_phase_seconds", { phase }, ms / 1_000);
  }

  #nowMs(): number {
    return this.clock.monotonicMs();
  }
}
