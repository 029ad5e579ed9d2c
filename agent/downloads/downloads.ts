/**
 * What pages have downloaded: files in a folder of the agent's, named by Chrome's ids, and what is
 * known of each. They outlive the Chrome that fetched them and end with the agent.
 *
 * A DevTools client may send downloads elsewhere. Chrome tells of those, too, and where each file
 * is once it is whole: it is then shared with the folder.
 *
 * @module
 */
import type { Host } from "../../host/host.ts";
import { type Download, DOWNLOAD_URL_LENGTH_MAX } from "../../protocol/downloads.ts";
import { ViperError } from "../../protocol/problems.ts";
import { guestMemory } from "../guest_memory.ts";
import { quote } from "../quote.ts";
import { type Kept, removeFiles, takeOver } from "./files.ts";

/** Downloads that are kept … */
export const DOWNLOADS_MAX = 100;
/** … and their bytes. The oldest that has ended makes room; what is larger alone is ended. */
export const DOWNLOADS_BYTES_MAX = 512 * 1024 * 1024;
/** Files stand in the guest's memory: all of them have this share of it at most … */
export const DOWNLOADS_MEMORY_SHARE_MAX = 1 / 4;
/** … and one has this share of what is available as it begins. */
export const DOWNLOAD_AVAILABLE_SHARE_MAX = 1 / 2;

/** What Chrome says as a download begins (`Browser.downloadWillBegin`). */
export interface Beginning {
  readonly guid: string;
  readonly url: string;
  readonly suggestedFilename: string;
  readonly frameId: string;
}

/** What Chrome says as it goes on (`Browser.downloadProgress`). */
export interface Progress {
  readonly guid: string;
  readonly totalBytes: number;
  readonly receivedBytes: number;
  readonly state: "inProgress" | "completed" | "canceled";
  readonly filePath?: string;
}

/** One download. */
interface Entry extends Kept {
  download: Download;
  readonly frameId: string;
  /** Ends it in Chrome. */
  readonly cancel: () => void;
  /** Whether a wait without an id has told of it. */
  isTold: boolean;
  /** Whether it is whole, and on its way into the folder. */
  isWhole: boolean;
  /** Bytes that it may have. */
  bytesMax: number;
  /** Resolves when its bytes are bounded by what memory there is. */
  measured: Promise<void>;
}

/** The downloads of all pages, oldest first. */
export class Downloads {
  readonly #host: Pick<Host, "files" | "clock" | "log">;
  readonly #entries = new Map<string, Entry>();
  #folder: Promise<string> | null = null;
  /** Files that go without anybody waiting for it, one after another. */
  #removing: Promise<void> = Promise.resolve();
  /** Bytes of all of them. */
  #bytesMax = DOWNLOADS_BYTES_MAX;
  #begun = 0;
  #dropped = 0;
  #changed = Promise.withResolvers<void>();

  constructor(host: Pick<Host, "files" | "clock" | "log">) {
    this.#host = host;
  }

  /** Where Chrome is to put files; made with the first call. */
  folder(): Promise<string> {
    return this.#folder ??= this.#host.files.makeTempDir(
      "agent.downloads:folder_make",
      "viper-downloads-",
    );
  }

  /** How many have begun, ever. */
  get begun(): number {
    return this.#begun;
  }

  /** How many had to make room, ever. */
  get dropped(): number {
    return this.#dropped;
  }

  get all(): readonly Download[] {
    return [...this.#entries.values()].map(({ download }) => download);
  }

  /** Resolves with the next change of any. */
  changed(): Promise<void> {
    return this.#changed.promise;
  }

  /** @throws {ViperError} `download_not_found`; `action` completes the sentence "Cannot …" */
  get(id: string, action: string): Download {
    return this.#get(id, action).download;
  }

  /** The file of a download that is complete. @throws {ViperError} `download_not_complete` */
  async pathOf(id: string, action: string): Promise<string> {
    const { download: { state } } = this.#get(id, action);
    if (state === "completed") return `${await this.folder()}/${id}`;
    throw new ViperError("download_not_complete", `Cannot ${action}: it is ${quote(state)}`);
  }

  /** The last that a frame has begun. */
  lastOf(frameId: string): Download | undefined {
    return [...this.#entries.values()].findLast((entry) => entry.frameId === frameId)?.download;
  }

  /** The oldest of which no wait has told yet. */
  get untold(): Download | undefined {
    return [...this.#entries.values()].find(({ isTold }) => !isTold)?.download;
  }

  /** Notes that a wait tells of it. */
  tell(id: string): void {
    const entry = this.#entries.get(id);
    if (entry !== undefined) entry.isTold = true;
  }

  begin(
    { guid: id, url, suggestedFilename: suggested_filename, frameId }: Beginning,
    page: string | undefined,
    cancel: () => void,
  ): void {
    const download: Download = {
      ...{ id, url: url.slice(0, DOWNLOAD_URL_LENGTH_MAX), suggested_filename },
      ...{ state: "in_progress", received_bytes: 0 },
      started_at: this.#host.clock.now().toISOString(),
      ...(page === undefined ? {} : { page }),
    };
    const entry: Entry = {
      ...{ download, frameId, cancel, bytesMax: DOWNLOADS_BYTES_MAX, measured: Promise.resolve() },
      ...{ isTold: false, isWhole: false, clientPath: undefined },
    };
    this.#entries.set(id, entry);
    this.#begun++;
    this.#makeRoom(id);
    entry.measured = this.#measure(entry);
    this.#wake();
  }

  async progress(progress: Progress): Promise<void> {
    const entry = this.#entries.get(progress.guid);
    await entry?.measured;
    if (entry?.download.state !== "in_progress" || entry.isWhole) return;
    entry.download = {
      ...entry.download,
      received_bytes: progress.receivedBytes,
      ...(progress.totalBytes > 0 ? { total_bytes: progress.totalBytes } : {}),
    };
    this.#makeRoom(progress.guid);
    if (progress.state === "canceled") this.#end(entry, "canceled");
    else if (progress.state === "completed") await this.#complete(entry, progress.filePath);
    this.#wake();
  }

  /** Chrome has ended, and what it was downloading with it. */
  failAll(reason: string): void {
    for (const entry of this.#entries.values()) {
      if (entry.download.state !== "in_progress") continue;
      this.#end(entry, "failed", reason);
      this.#remove(entry);
    }
    this.#wake();
  }

  /** Forgets a download, and ends it where it is under way. @throws {ViperError} as `get` */
  async delete(id: string, action: string): Promise<void> {
    const entry = this.#get(id, action);
    this.#entries.delete(id);
    if (entry.download.state === "in_progress") entry.cancel();
    await removeFiles(await this.folder(), id, entry, this.#host.files);
    this.#wake();
  }

  /** Ends with all files. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#folder === null) return;
    await this.#removing;
    await this.#host.files.remove("agent.downloads:folder_remove", await this.#folder);
  }

  #get(id: string, action: string): Entry {
    const entry = this.#entries.get(id);
    if (entry !== undefined) return entry;
    throw new ViperError(
      "download_not_found",
      `Cannot ${action}: there is no download ${quote(id)}`,
    );
  }

  async #complete(entry: Entry, path: string | undefined): Promise<void> {
    const { id } = entry.download;
    entry.isWhole = true;
    const own = `${await this.folder()}/${id}`;
    try {
      if (path !== undefined && path !== own) {
        await takeOver(path, own, this.#host.files);
        entry.clientPath = path;
      }
      // It was refused, or Chrome has ended: there is no cancelling it any more.
      if (entry.download.state !== "in_progress") return this.#remove(entry);
      this.#end(entry, "completed");
      // It was deleted meanwhile.
      if (this.#entries.get(id) !== entry) this.#remove(entry);
    } catch (error) {
      this.#host.log("warn", "A downloaded file cannot be kept", { id, path, error });
      this.#end(entry, "failed", "its file could not be kept");
    }
  }

  #end(entry: Entry, state: Download["state"], reason?: string): void {
    entry.download = {
      ...entry.download,
      state,
      ended_at: this.#host.clock.now().toISOString(),
      ...(reason === undefined ? {} : { reason }),
    };
  }

  async #measure(entry: Entry): Promise<void> {
    try {
      const memory = await guestMemory("agent.downloads:memory", this.#host);
      const bytes = (share: number) => Math.min(DOWNLOADS_BYTES_MAX, Math.floor(share));
      this.#bytesMax = bytes(memory.total * DOWNLOADS_MEMORY_SHARE_MAX);
      entry.bytesMax = bytes(memory.available * DOWNLOAD_AVAILABLE_SHARE_MAX);
    } catch (error) {
      this.#host.log("warn", "The memory for downloads cannot be measured", { error });
    }
  }

  /** The oldest that have ended go first; then, or if it alone is too large, the newcomer is ended. */
  #makeRoom(newcomer: string): void {
    const { download, bytesMax = 0 } = this.#entries.get(newcomer) ?? {};
    const bytes = download === undefined ? 0 : bytesOf(download);
    if (bytes > Math.min(bytesMax, this.#bytesMax)) {
      const why = bytesMax < this.#bytesMax
        ? "half of the memory that was available as it began"
        : "as all downloads together";
      this.#refuse(newcomer, `it may have ${Math.min(bytesMax, this.#bytesMax)} bytes, ${why}`);
    }
    while (this.#entries.size > DOWNLOADS_MAX || this.#bytes() > this.#bytesMax) {
      const ended = [...this.#entries.values()].find(({ download }) =>
        download.state !== "in_progress"
      );
      if (ended === undefined) {
        const most = `${DOWNLOADS_MAX} downloads with ${this.#bytesMax} bytes`;
        return this.#refuse(newcomer, `${most} can be kept`);
      }
      this.#entries.delete(ended.download.id);
      this.#dropped++;
      this.#remove(ended);
    }
  }

  #refuse(id: string, reason: string): void {
    const entry = this.#entries.get(id);
    if (entry?.download.state !== "in_progress") return;
    entry.cancel();
    this.#end(entry, "failed", reason);
    // What it has received is gone with it.
    entry.download = { ...entry.download, received_bytes: 0 };
  }

  /** Those under way count with what they are going to be. */
  #bytes(): number {
    return [...this.#entries.values()].reduce((sum, { download }) => sum + bytesOf(download), 0);
  }

  #remove(entry: Kept & { download: Download }): void {
    const { id } = entry.download;
    this.#removing = Promise.all([this.folder(), this.#removing])
      .then(([folder]) => removeFiles(folder, id, entry, this.#host.files))
      .catch((error) =>
        this.#host.log("warn", "A download's file cannot be removed", { id, error })
      );
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

function bytesOf({ state, received_bytes, total_bytes = 0 }: Download): number {
  if (state === "completed") return received_bytes;
  return state === "in_progress" ? Math.max(received_bytes, total_bytes) : 0;
}
