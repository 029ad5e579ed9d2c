/** A stand-in for a collector: takes OTLP over HTTP as JSON and keeps it. */

/** A span as it was sent. */
export interface ReceivedSpan {
  readonly scope: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** A collector that listens on loopback. */
export interface OtlpReceiver extends AsyncDisposable {
  /** What a daemon needs to send here, and to do so at once. */
  readonly env: Readonly<Record<string, string>>;
  readonly spans: ReceivedSpan[];
  /** Names of all figures that came. */
  readonly figures: Set<string>;
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

export function otlpReceiver(): OtlpReceiver {
  const spans: ReceivedSpan[] = [];
  const figures = new Set<string>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const body = await request.json();
      for (const { scopeSpans } of body.resourceSpans ?? []) {
        for (const { scope, spans: sent } of scopeSpans) {
          for (const span of sent) {
            const attributes = Object.fromEntries(
              span.attributes.map((
                { key, value }: Attribute,
              ) => [key, String(Object.values(value)[0])]),
            );
            spans.push({ ...span, scope: scope.name, attributes });
          }
        }
      }
      for (const { scopeMetrics } of body.resourceMetrics ?? []) {
        for (const { metrics } of scopeMetrics) {
          for (const { name } of metrics) figures.add(name);
        }
      }
      return Response.json({});
    },
  );
  return {
    spans,
    figures,
    env: {
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${server.addr.port}`,
      OTEL_METRIC_EXPORT_INTERVAL: "500",
      OTEL_BSP_SCHEDULE_DELAY: "200",
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
