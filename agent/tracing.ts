/** The one trace of a Chrome, recorded and read. */
import type { Browser, CDPSession, Protocol } from "puppeteer-core";
import { ViperError } from "../protocol/problems.ts";
import { readStream } from "./actions/read_stream.ts";
import type { Deadline } from "./deadline.ts";

/** As DevTools' performance panel. */
const CATEGORIES = [
  "-*",
  "devtools.timeline",
  "v8.execute",
  "disabled-by-default-devtools.timeline",
  "disabled-by-default-devtools.timeline.frame",
  "toplevel",
  "blink.console",
  "blink.user_timing",
  "latencyInfo",
  "loading",
  "disabled-by-default-devtools.timeline.stack",
  "disabled-by-default-v8.cpu_profiler",
];
const SCREENSHOTS = "disabled-by-default-devtools.screenshot";
const KB_PER_MB = 1_024;
/** How often Chrome says how full its buffer is, in milliseconds. */
const USAGE_INTERVAL_MS = 250;

/** What is recorded, and how much of it. */
export interface TraceSettings {
  readonly categories: readonly string[] | undefined;
  readonly screenshots: boolean;
  readonly bufferMb: number;
}

/** A trace that was read. */
export interface Trace {
  /** Gzipped JSON. */
  readonly bytes: Uint8Array;
  readonly isCut: boolean;
}

/** Chrome records one trace at a time, for whoever asked. */
export class Tracing {
  readonly #browser: Browser;
  #running: { readonly session: CDPSession; isFull: boolean } | null = null;
  #isStarting = false;

  constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** @throws {ViperError} `trace_running`, also when it is a DevTools client's */
  async start(settings: TraceSettings, deadline: Deadline): Promise<void> {
    if (this.#running !== null || this.#isStarting) throw running(deadline);
    this.#isStarting = true;
    try {
      await this.#start(settings, deadline);
    } finally {
      this.#isStarting = false;
    }
  }

  async #start(settings: TraceSettings, deadline: Deadline): Promise<void> {
    const connecting = this.#browser.target().createCDPSession();
    const session = await deadline.race("a DevTools session", connecting);
    const trace = { session, isFull: false };
    this.#running = trace;
    session.on("Tracing.bufferUsage", ({ percentFull = 0 }) => trace.isFull ||= percentFull >= 1);
    try {
      await deadline.race("Chrome to record", session.send("Tracing.start", wordsOf(settings)));
    } catch (error) {
      this.#running = null;
      session.detach().catch(() => {}); // Chrome may be gone.
      deadline.signal.throwIfAborted();
      throw running(deadline, error);
    }
  }

  /** @throws {ViperError} `trace_not_running`, `result_too_large`; the trace is gone then */
  async stop(deadline: Deadline): Promise<Trace> {
    const trace = this.#running;
    if (trace === null) {
      throw new ViperError("trace_not_running", `Cannot ${deadline.action}: none was started`);
    }
    this.#running = null;
    const { session } = trace;
    try {
      const { promise: complete, resolve } = Promise.withResolvers<
        Protocol.Tracing.TracingCompleteEvent
      >();
      session.once("Tracing.tracingComplete", resolve);
      await deadline.race("Chrome to stop recording", session.send("Tracing.end"));
      const { stream, dataLossOccurred } = await deadline.race("the trace", complete);
      if (stream === undefined) throw new Error("Chrome recorded to no stream");
      const bytes = await readStream(stream, session, "the trace", deadline);
      return { bytes, isCut: dataLossOccurred || trace.isFull };
    } finally {
      session.detach().catch(() => {}); // With it goes what was not read.
    }
  }
}

/** https://chromedevtools.github.io/devtools-protocol/tot/Tracing/#method-start */
function wordsOf(
  { categories = CATEGORIES, screenshots, bufferMb }: TraceSettings,
): Protocol.Tracing.StartRequest {
  const all = [...categories, ...screenshots ? [SCREENSHOTS] : []];
  return {
    transferMode: "ReturnAsStream",
    streamFormat: "json",
    streamCompression: "gzip",
    bufferUsageReportingInterval: USAGE_INTERVAL_MS,
    traceConfig: {
      recordMode: "recordUntilFull",
      traceBufferSizeInKb: bufferMb * KB_PER_MB,
      includedCategories: all.filter((name) => !name.startsWith("-")),
      excludedCategories: all.filter((name) => name.startsWith("-")).map((name) => name.slice(1)),
    },
  };
}

function running({ action }: Deadline, cause?: unknown): ViperError {
  const message = `Cannot ${action}: Chrome records one already`;
  return new ViperError("trace_running", message, { cause });
}
