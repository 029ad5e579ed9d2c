/** Pages that crashed: why, as far as the kernel knows, and telling the daemon. */
import type { Host } from "../host/host.ts";
import { PAGE_URL_LENGTH_MAX, type PageCrashReason } from "../protocol/guest.ts";
import type { DaemonLink } from "./daemon_link.ts";
import { Deadline } from "./deadline.ts";

const ATTEMPTS_MAX = 3;
const ATTEMPT_TIMEOUT_MS = 10_000;
const PAUSE_MS = 500;
/** Crashes that wait to be told; what is more is only logged. */
const WAITING_CRASHES_MAX = 16;

/** A page that is no more. */
export interface PageCrash {
  readonly page: string;
  readonly url: string;
}

/** Called with each page that crashes. */
export type OnPageCrash = (crash: PageCrash) => void;

/** Tells the daemon of pages that crash, until the signal is aborted. */
export class PageCrashes {
  readonly #parts: {
    readonly vmId: string;
    readonly daemon: DaemonLink;
    readonly host: Host;
    readonly signal: AbortSignal;
  };
  #oomKills: Promise<number>;
  #waiting = 0;

  constructor(vmId: string, daemon: DaemonLink, host: Host, signal: AbortSignal) {
    this.#parts = { vmId, daemon, host, signal };
    this.#oomKills = oomKills(host);
  }

  readonly report: OnPageCrash = (crash) => {
    const { host } = this.#parts;
    host.log("warn", "A page crashed", { page: crash.page, url: crash.url });
    if (this.#waiting >= WAITING_CRASHES_MAX) return;
    this.#waiting++;
    this.#tell(crash)
      .catch((error) => host.log("warn", "The daemon was not told of a page's crash", { error }))
      .finally(() => this.#waiting--);
  };

  async #tell({ page, url }: PageCrash): Promise<void> {
    const { vmId, daemon, host, signal } = this.#parts;
    const reason = await this.#reason();
    const crash = { vm_id: vmId, page, url: url.slice(0, PAGE_URL_LENGTH_MAX), reason };
    for (let attempt = 1;; attempt++) {
      try {
        using deadline = new Deadline(host.clock, "tell of a crash", ATTEMPT_TIMEOUT_MS, [signal]);
        await daemon.pageCrashed(crash, { signal: deadline.signal });
        return;
      } catch (error) {
        if (attempt === ATTEMPTS_MAX) throw error;
        await host.clock.sleep(PAUSE_MS, signal);
      }
    }
  }

  /** The kernel has ended a process for want of memory since the last look: then it was this one. */
  async #reason(): Promise<PageCrashReason> {
    const before = this.#oomKills;
    this.#oomKills = oomKills(this.#parts.host);
    return await this.#oomKills > await before ? "out_of_memory" : "crashed";
  }
}

/** How often that happened since the guest's start; 0 where the kernel does not count. */
async function oomKills({ files }: Host): Promise<number> {
  const text = await files.readText("agent.crashes:vmstat", "/proc/vmstat").catch(() => "");
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
}
