import type { Host } from "../../host/host.ts";
import { type CloudHypervisorEvent, EventParser } from "./cloud_hypervisor_events.ts";
import type { CloudHypervisorFiles } from "./cloud_hypervisor_config.ts";

/** Bytes that are read at once. */
const CHUNK_BYTES = 64 * 1024;
/** A guest can cause events and warnings for ever: a file of more bytes is emptied once read. */
const EVENTS_BYTES_MAX = 1024 * 1024;
const LOG_BYTES_MAX = 1024 * 1024;
/** Files are looked at so often, in milliseconds, should no note of a change come. */
const LOOK_INTERVAL_MS = 2_000;

/** Reads the events of one Cloud Hypervisor, from its start on, as they come. */
export class EventFollower {
  readonly #parser = new EventParser();
  readonly #decoder = new TextDecoder();
  readonly #stopped = new AbortController();
  readonly #following: Promise<void>;
  #offset = 0;
  #changed = Promise.withResolvers<void>();
  #isLast = false;

  constructor(
    private readonly host: Host,
    private readonly files: Pick<CloudHypervisorFiles, "events" | "log">,
    private readonly onEvent: (event: CloudHypervisorEvent) => void,
  ) {
    this.#following = this.#follow();
  }

  /** Reads to the end of what is there, then stops. */
  async finish(): Promise<void> {
    this.#isLast = true;
    this.#changed.resolve();
    await this.#following;
  }

  /** Stops where it is. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.finish();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopped;
    using _watch = await this.#watch();
    while (!signal.aborted) {
      this.#changed = Promise.withResolvers();
      const isLast = this.#isLast;
      try {
        while (await this.#readOn()) if (signal.aborted) return;
        if (isLast) return;
        await this.#bound();
      } catch (error) {
        if (isLast) return;
        this.host.log("warn", "Cannot read Cloud Hypervisor's events", { error });
      }
      if (!this.#isLast) await this.#change();
    }
  }

  /** Without a watch, of which a system has only so many, the files are looked at from time to time. */
  async #watch(): Promise<Disposable> {
    const label = "runtime.cloud_hypervisor:events_watch";
    try {
      return await this.host.files
        .watch(label, this.files.events, () => this.#changed.resolve());
    } catch (error) {
      this.host.log("debug", "Cannot watch Cloud Hypervisor's events", { error });
      return { [Symbol.dispose]: () => {} };
    }
  }

  /** Whether there was anything to read. */
  async #readOn(): Promise<boolean> {
    const label = "runtime.cloud_hypervisor:events_read";
    const bytes = await this.host.files
      .readFrom(label, this.files.events, this.#offset, CHUNK_BYTES);
    this.#offset += bytes.length;
    const text = this.#decoder.decode(bytes, { stream: true });
    for (const event of this.#parser.push(text)) this.onEvent(event);
    return bytes.length > 0;
  }

  /** Both files are appended to, so they can be emptied under their writer. */
  async #bound(): Promise<void> {
    const { files } = this.host;
    if (this.#offset > EVENTS_BYTES_MAX) {
      await files.write("runtime.cloud_hypervisor:events_empty", this.files.events, "");
      this.#offset = 0;
    }
    const log = await files.stat("runtime.cloud_hypervisor:log_stat", this.files.log);
    if (log === null || log.size <= LOG_BYTES_MAX) return;
    await files.write("runtime.cloud_hypervisor:log_empty", this.files.log, "");
  }

  async #change(): Promise<void> {
    const waiting = new AbortController();
    const look = this.host.clock.sleep(LOOK_INTERVAL_MS, waiting.signal).catch(() => {});
    await Promise.race([this.#changed.promise, look]);
    waiting.abort();
  }
}
