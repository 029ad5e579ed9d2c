/**
 * prom-client without its entry point, which loads HTTP clients, zlib and perf_hooks that nobody
 * here needs; `docs/decisions/metrics.md` has the figures.
 *
 * @module
 */
import type * as promClient from "prom-client";
import CounterModule from "prom-client/lib/counter.js";
import GaugeModule from "prom-client/lib/gauge.js";
import HistogramModule from "prom-client/lib/histogram.js";
import RegistryModule from "prom-client/lib/registry.js";

// The library's types stand at its entry point only.
export const Counter = CounterModule as typeof promClient.Counter;
export const Gauge = GaugeModule as typeof promClient.Gauge;
export const Histogram = HistogramModule as typeof promClient.Histogram;
export const Registry = RegistryModule as typeof promClient.Registry;

export type Counter = promClient.Counter;
export type Gauge = promClient.Gauge;
export type Histogram = promClient.Histogram;
