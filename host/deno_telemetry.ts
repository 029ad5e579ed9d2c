/**
 * Deno's own OpenTelemetry, which is on where `OTEL_DENO` is `true`. What it makes by itself stays
 * on: a span and figures for each request that is served or sent, and the trace's context in both
 * directions. https://docs.deno.com/runtime/fundamentals/open_telemetry/
 *
 * Deno has the objects of OpenTelemetry's API built in, but no types for them; what is used of them
 * stands here, and so the API's package is not needed.
 *
 * @module
 */
import type { PastSpan, Telemetry, TraceContext } from "./host.ts";

type Attributes = Readonly<Record<string, string | number>>;

interface OtelSpan {
  updateName(name: string): void;
  setAttribute(name: string, value: string | number): void;
  setStatus(status: { code: number; message?: string }): void;
  end(timeMs?: number): void;
}

interface OtelContext {
  getValue(key: symbol): unknown;
  setValue(key: symbol, value: unknown): OtelContext;
}

interface OtelTracer {
  startActiveSpan<Result>(name: string, job: (span: OtelSpan) => Result): Result;
  startSpan(
    name: string,
    options: { startTime: number; attributes: Attributes },
    context: OtelContext,
  ): OtelSpan;
}

interface InstrumentOptions {
  readonly description: string;
  readonly unit?: string;
  readonly advice?: { readonly explicitBucketBoundaries: readonly number[] };
}

type Observable = object;

interface OtelMeter {
  createCounter(name: string, options: InstrumentOptions): {
    add(value: number, labels: Attributes): void;
  };
  createHistogram(name: string, options: InstrumentOptions): {
    record(value: number, labels: Attributes): void;
  };
  createObservableGauge(name: string, options: InstrumentOptions): Observable;
  createObservableCounter(name: string, options: InstrumentOptions): Observable;
  addBatchObservableCallback(
    callback: (
      result: { observe(instrument: Observable, value: number, labels: Attributes): void },
    ) => Promise<void>,
    observables: readonly Observable[],
  ): void;
}

/** Where OpenTelemetry's API keeps the span under way. */
const SPAN_KEY = Symbol.for("OpenTelemetry Context Key SPAN");
/** https://opentelemetry.io/docs/specs/otel/trace/api/#set-status */
const STATUS_ERROR = 2;
const SCOPE = "viper";

/** `null` where nobody collects: then it costs nothing. */
export function denoTelemetry(): Telemetry | null {
  if (Deno.env.get("OTEL_DENO") !== "true") return null;
  const { tracerProvider, contextManager, meterProvider } = Deno.telemetry as unknown as {
    tracerProvider: { getTracer(name: string): OtelTracer };
    contextManager: { active(): OtelContext };
    meterProvider: { getMeter(name: string): OtelMeter };
  };
  return { ...traces(tracerProvider.getTracer(SCOPE), contextManager), ...figures(meterProvider) };
}

function traces(
  tracer: OtelTracer,
  contexts: { active(): OtelContext },
): Pick<Telemetry, "nameSpan" | "span" | "context" | "record"> {
  const record = (span: PastSpan, parent: OtelContext, nowMs: number) => {
    const { name, attributes = {}, startedMsAgo, endedMsAgo = 0, children = [] } = span;
    const past = tracer.startSpan(name, { startTime: nowMs - startedMsAgo, attributes }, parent);
    for (const child of children) record(child, parent.setValue(SPAN_KEY, past), nowMs);
    if (span.error !== undefined) past.setStatus({ code: STATUS_ERROR, message: span.error });
    past.end(nowMs - endedMsAgo);
  };
  return {
    nameSpan: (name, attributes) => {
      const span = contexts.active().getValue(SPAN_KEY) as OtelSpan | undefined;
      span?.updateName(name);
      for (const [key, value] of Object.entries(attributes)) span?.setAttribute(key, value);
    },
    span: (name, job) =>
      tracer.startActiveSpan(name, async (span) => {
        try {
          return await job();
        } catch (error) {
          span.setStatus({ code: STATUS_ERROR });
          throw error;
        } finally {
          span.end();
        }
      }),
    context: () => contexts.active() as unknown as TraceContext,
    record: (span, parent) => record(span, parent as unknown as OtelContext, Date.now()),
  };
}

function figures(
  meters: { getMeter(name: string): OtelMeter },
): Pick<Telemetry, "counter" | "histogram" | "observe"> {
  const meter = meters.getMeter(SCOPE);
  return {
    counter: (name, description) => {
      const counter = meter.createCounter(name, { description });
      return (value, labels) => counter.add(value, labels);
    },
    histogram: (name, description, explicitBucketBoundaries) => {
      const advice = { explicitBucketBoundaries };
      const histogram = meter.createHistogram(name, { description, unit: "s", advice });
      return (value, labels) => histogram.record(value, labels);
    },
    observe: (instruments, read) => {
      const made = new Map(instruments.map(({ name, help: description, isTotal }) => [
        name,
        isTotal
          ? meter.createObservableCounter(name, { description })
          : meter.createObservableGauge(name, { description }),
      ]));
      meter.addBatchObservableCallback(async (result) => {
        for (const { name, value, labels } of await read()) {
          const instrument = made.get(name);
          if (instrument !== undefined) result.observe(instrument, value, labels);
        }
      }, [...made.values()]);
    },
  };
}
