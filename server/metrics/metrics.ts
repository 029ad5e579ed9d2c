/**
 * The daemon's figures, counted as things happen or read when somebody asks.
 *
 * @module
 */
import { type Definition, type LabelsOf, METRICS, type NameOf } from "./definitions.ts";
import type { Note, Telemetry } from "../../host/host.ts";
import { Counter, Gauge, Histogram, Registry } from "./prom_client.ts";

/** The value of one figure, for one combination of labels. */
export type Reading = {
  [Name in NameOf<"gauge" | "total">]: {
    readonly name: Name;
    readonly labels: LabelsOf<Name>;
    readonly value: number;
  };
}[NameOf<"gauge" | "total">];

/** Reads figures; asked for each time that somebody wants to see them. */
export type Source = () => Promise<readonly Reading[]> | readonly Reading[];

/** All figures of one daemon. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #counters = new Map<string, Counter>();
  readonly #gauges = new Map<string, Gauge>();
  readonly #histograms = new Map<string, Histogram>();
  readonly #sources: Source[] = [];
  /** The way to a collector, of what is counted and observed. */
  readonly #notes = new Map<string, Note>();

  constructor(telemetry: Telemetry | null) {
    for (const [name, definition] of Object.entries(METRICS)) {
      this.#register(name, definition);
      if (telemetry !== null) this.#export(telemetry, name, definition);
    }
    if (telemetry !== null) this.#exportReadings(telemetry);
  }

  /** Media type of {@linkcode text}. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Counts something that happened. */
  count<Name extends NameOf<"counter">>(name: Name, labels: LabelsOf<Name>, by = 1): void {
    this.#counters.get(name)?.inc(labels, by);
    this.#notes.get(name)?.(by, labels);
  }

  /** Notes how long something took. */
  observe<Name extends NameOf<"histogram">>(
    name: Name,
    labels: LabelsOf<Name>,
    seconds: number,
  ): void {
    this.#histograms.get(name)?.observe(labels, seconds);
    this.#notes.get(name)?.(seconds, labels);
  }

  /** Adds figures that are read. A figure has one source. */
  addSource(source: Source): void {
    this.#sources.push(source);
  }

  /** Everything, in Prometheus's text format. */
  async text(): Promise<string> {
    this.#take(await this.#read());
    return await this.#registry.metrics();
  }

  #export(telemetry: Telemetry, name: string, { kind, help, buckets = [] }: Definition): void {
    if (kind === "counter") this.#notes.set(name, telemetry.counter(name, help));
    if (kind === "histogram") this.#notes.set(name, telemetry.histogram(name, help, buckets));
  }

  /** What is read is read once for all figures. */
  #exportReadings(telemetry: Telemetry): void {
    const figures = Object.entries(METRICS).flatMap(([name, { kind, help }]) =>
      kind === "gauge" || kind === "total" ? [{ name, help, isTotal: kind === "total" }] : []
    );
    telemetry.observe(figures, () => this.#read());
  }

  async #read(): Promise<Reading[]> {
    const readings = await Promise.all(this.#sources.map((source) => source()));
    return readings.flat();
  }

  /** Replaces what was read before; no await within, so that nobody sees one half of it. */
  #take(readings: readonly Reading[]): void {
    for (const name of new Set(readings.map((reading) => reading.name))) {
      this.#gauges.get(name)?.reset();
      this.#counters.get(name)?.reset();
    }
    for (const { name, labels, value } of readings) {
      this.#gauges.get(name)?.set(labels, value);
      this.#counters.get(name)?.inc(labels, value);
    }
  }

  #register(name: string, { kind, help, labels, buckets = [] }: Definition): void {
    const settings = { name, help, labelNames: [...labels], registers: [this.#registry] };
    if (kind === "histogram") {
      this.#histograms.set(name, new Histogram({ ...settings, buckets: [...buckets] }));
    } else if (kind === "gauge") {
      this.#gauges.set(name, new Gauge(settings));
    } else {
      this.#counters.set(name, new Counter(settings));
    }
  }
}
