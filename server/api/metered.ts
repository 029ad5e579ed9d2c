import type { Context, Hono, Next } from "hono";
import type { Clock } from "../../host/host.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { actionOf } from "./audited.ts";

/** What a request is counted as that was refused, or met no route. */
const NO_OPERATION = "none";

/** Counts each request, and how long it took until its answer began. */
export function meterRequests(app: Hono, metrics: Metrics, clock: Clock): void {
  app.use(async (c: Context, next: Next) => {
    const startMs = clock.monotonicMs();
    await next();
    // Known by its operation and never by its path, which a client may choose.
    const operation = actionOf(c)?.operation ?? NO_OPERATION;
    const status = `${Math.floor(c.res.status / 100)}xx`;
    metrics.count("viper_http_requests_total", { operation, status });
    const seconds = (clock.monotonicMs() - startMs) / 1_000;
    metrics.observe("viper_http_request_duration_seconds", { operation }, seconds);
  });
}
