/**
 * Every figure that the daemon tells of itself. `/metrics`, OpenTelemetry and the README's list are
 * views of this table. Labels take few values: an operation, a status, a cause, never a VM's name.
 *
 * @module
 */

/** Seconds, from an answer out of memory to a page that loads slowly. */
const REQUEST_BUCKETS = [
  ...[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
] as const;
/** Seconds, from a snapshot that wakes up to an emulated guest that runs out of time. */
const BOOT_BUCKETS = [
  ...[0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 60, 120, 180],
] as const;

/** One figure, or one per combination of labels. */
export interface Definition {
  /**
   * `counter`: counted as things happen. `histogram`: seconds, as things happen. `gauge` and
   * `total`: read when somebody asks; a total never falls.
   */
  readonly kind: "counter" | "histogram" | "gauge" | "total";
  /** A sentence for people. */
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds, of histograms only. */
  readonly buckets?: readonly number[];
}

function counter<const Labels extends readonly string[]>(help: string, labels: Labels) {
  return { kind: "counter", help, labels } as const;
}

function gauge<const Labels extends readonly string[]>(help: string, labels: Labels) {
  return { kind: "gauge", help, labels } as const;
}

function histogram<const Labels extends readonly string[]>(
  help: string,
  labels: Labels,
  buckets: readonly number[],
) {
  return { kind: "histogram", help, labels, buckets } as const;
}

/** By name, in the order of `/metrics`. */
export const METRICS = {
  viper_vms: gauge("VMs", ["status"]),
  viper_vm_limit: gauge("VMs that may be live at once", []),
  viper_cpu_used_cores: gauge("Cores that live VMs have", []),
  viper_cpu_limit_cores: gauge("Cores that live VMs may have together", []),
  viper_memory_used_bytes: gauge("Memory that live VMs have, their hypervisors included", []),
  viper_memory_limit_bytes: gauge("Memory that live VMs may have together", []),
  viper_leases: gauge("Addresses of the guests' subnet, used or free", ["state"]),
  viper_create_queue: gauge("Creates that wait for room", []),
  viper_vm_starts_total: counter("Starts of VMs: ready, failed or cancelled", ["outcome"]),
  viper_vm_boot_phase_seconds: histogram(
    "Parts of a start: prepare (until the processor runs), boot (from there until the agent is " +
      "ready), agent (what of that the agent needed)",
    ["phase"],
    BOOT_BUCKETS,
  ),
  viper_vm_crashes_total: counter("Ends of VMs that nobody asked for", ["cause"]),
  viper_http_requests_total: counter("Requests to the API, by class of status", [
    "operation",
    "status",
  ]),
  viper_http_request_duration_seconds: histogram(
    "From a request's head to its answer's",
    ["operation"],
    REQUEST_BUCKETS,
  ),
  viper_agent_request_duration_seconds: histogram(
    "From a request's way to an agent to its answer's head; the API's own part is what the " +
      "operation took longer",
    ["operation"],
    REQUEST_BUCKETS,
  ),
  viper_events_total: counter("Events", ["type"]),
  viper_event_subscribers: gauge("Those who follow events at the moment, waits included", []),
  viper_network_repairs_total: counter("Things put back that others took from the network", []),
  viper_database_bytes: gauge("State database on disk, its log included", []),
  viper_build_info: gauge("Always 1; the labels tell", ["version", "runtime"]),
  process_cpu_seconds_total: {
    kind: "total",
    help: "Processor time of the daemon, its own and the system's for it",
    labels: [],
  },
  process_resident_memory_bytes: gauge("Memory of the daemon that is in RAM", []),
  process_virtual_memory_bytes: gauge("Address space of the daemon", []),
  process_open_fds: gauge("Open file descriptors of the daemon", []),
  process_max_fds: gauge("File descriptors that the daemon may have open", []),
  process_threads: gauge("Threads of the daemon", []),
  process_start_time_seconds: gauge("When the daemon started, in seconds since 1970", []),
} as const satisfies Readonly<Record<string, Definition>>;

type Table = typeof METRICS;
/** Name of a figure. */
export type MetricName = keyof Table;
/** Names of the figures of some kinds. */
export type NameOf<Kind extends Definition["kind"]> = {
  [Name in MetricName]: Table[Name]["kind"] extends Kind ? Name : never;
}[MetricName];
/** A value per label of a figure. */
export type LabelsOf<Name extends MetricName> = Readonly<
  Record<Table[Name]["labels"][number], string>
>;
