/**
 * What the events of VMs' lives say in figures: how starts go, how long their parts take, why VMs
 * crash.
 *
 * @module
 */
import type { Host, PastSpan, TraceContext } from "../../host/host.ts";
import { crashCause, eventType, type VmEvent } from "../../protocol/events.ts";
import type { Metrics } from "./metrics.ts";

/** A start that is under way; times by the monotonic clock. */
interface Start {
  readonly createdMs: number | null;
  readonly bootedMs: number | null;
  /** What the agent says that it needed. */
  readonly agentMs: number | null;
  /** The trace of the request that made the VM. */
  readonly trace: TraceContext | null;
}

/** How starts end. */
const OUTCOMES = ["ready", "failed", "cancelled"] as const;

const NEW_START: Start = { createdMs: null, bootedMs: null, agentMs: null, trace: null };

/** Follows VMs from event to event. */
export class VmLives {
  /** By the VM's id; every live VM has one at most. */
  readonly #starts = new Map<string, Start>();

  constructor(
    private readonly metrics: Metrics,
    private readonly host: Pick<Host, "clock" | "telemetry">,
  ) {
    // From 0 on, so that the first one is seen to be one more.
    for (const type of eventType.options) metrics.count("viper_events_total", { type }, 0);
    for (const outcome of OUTCOMES) metrics.count("viper_vm_starts_total", { outcome }, 0);
    for (const cause of crashCause.options) metrics.count("viper_vm_crashes_total", { cause }, 0);
  }

  /** To be called with each event, in order, as it happens. */
  take({ type, vm_id: id, cause }: VmEvent): void {
    this.metrics.count("viper_events_total", { type });
    if (type === "VM_CREATED") this.#created(id);
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

  #created(id: string): void {
    const trace = this.host.telemetry?.context() ?? null;
    this.#starts.set(id, { ...NEW_START, createdMs: this.#nowMs(), trace });
  }

  #booted(id: string): void {
    const start = this.#starts.get(id) ?? NEW_START;
    const bootedMs = this.#nowMs();
    if (start.createdMs !== null) this.#observe("prepare", bootedMs - start.createdMs);
    this.#starts.set(id, { ...start, bootedMs });
  }

  #ready(id: string): void {
    this.metrics.count("viper_vm_starts_total", { outcome: "ready" });
    const start = this.#starts.get(id) ?? NEW_START;
    const { bootedMs, agentMs } = start;
    this.#starts.delete(id);
    this.#trace(id, start);
    if (bootedMs === null) return;
    const bootMs = this.#nowMs() - bootedMs;
    this.#observe("boot", bootMs);
    if (agentMs !== null) this.#observe("agent", Math.min(agentMs, bootMs));
  }

  #ended(id: string, outcome: "failed" | "cancelled"): void {
    const start = this.#starts.get(id);
    if (start === undefined) return;
    this.#starts.delete(id);
    this.metrics.count("viper_vm_starts_total", { outcome });
    this.#trace(id, start, outcome);
  }

  /** The start as a span, its phases as parts of it. One that nobody's request made has no trace. */
  #trace(id: string, { createdMs, bootedMs, agentMs, trace }: Start, error?: string): void {
    if (trace === null || createdMs === null) return;
    const nowMs = this.#nowMs();
    const startedMsAgo = nowMs - createdMs;
    const bootMs = bootedMs === null ? 0 : nowMs - bootedMs;
    const boot: PastSpan = {
      name: "boot",
      startedMsAgo: bootMs,
      ...(agentMs === null ? {} : {
        children: [{ name: "agent", startedMsAgo: Math.min(agentMs, bootMs) }],
      }),
    };
    this.host.telemetry?.record({
      name: "vm.start",
      attributes: { "vm.id": id },
      startedMsAgo,
      ...(error === undefined ? {} : { error }),
      children: [
        { name: "prepare", startedMsAgo, endedMsAgo: bootMs },
        ...(bootedMs === null ? [] : [boot]),
      ],
    }, trace);
  }

  #observe(phase: "prepare" | "boot" | "agent", ms: number): void {
    this.metrics.observe("viper_vm_boot_phase_seconds", { phase }, ms / 1_000);
  }

  #nowMs(): number {
    return this.host.clock.monotonicMs();
  }
}
