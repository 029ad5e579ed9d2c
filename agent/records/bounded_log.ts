/** What one log may hold. */
export interface LogLimits {
  readonly entries: number;
  /** Bytes of JSON, as far as characters tell. */
  readonly bytes: number;
}

interface Kept<T> {
  readonly entry: T;
  bytes: number;
}

/** Entries in the order they came; the oldest go when there is no room, and are counted. */
export class BoundedLog<T extends { readonly seq: number }> {
  readonly #limits: LogLimits;
  #kept: Kept<T>[] = [];
  #bytes = 0;
  #dropped = 0;
  #droppedTo = 0;

  constructor(limits: LogLimits) {
    this.#limits = limits;
  }

  /** How many entries had to go. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The highest number that an entry had when it went; 0 when none has gone. */
  get droppedTo(): number {
    return this.#droppedTo;
  }

  /** Oldest first. */
  get entries(): readonly T[] {
    return this.#kept.map(({ entry }) => entry);
  }

  add(entry: T): void {
    const kept = { entry, bytes: sizeOf(entry) };
    this.#kept.push(kept);
    this.#bytes += kept.bytes;
    this.#makeRoom();
  }

  /** To be called when an entry that was added has changed; one that has gone is no concern. */
  grown(entry: T): void {
    const kept = this.#kept.findLast((kept) => kept.entry === entry);
    if (kept === undefined) return;
    const bytes = sizeOf(entry);
    this.#bytes += bytes - kept.bytes;
    kept.bytes = bytes;
    this.#makeRoom();
  }

  #makeRoom(): void {
    while (this.#kept.length > this.#limits.entries || this.#bytes > this.#limits.bytes) {
      const gone = this.#kept.shift();
      if (gone === undefined) return;
      this.#bytes -= gone.bytes;
      this.#dropped++;
      this.#droppedTo = Math.max(this.#droppedTo, gone.entry.seq);
    }
  }
}

function sizeOf(entry: object): number {
  return JSON.stringify(entry).length;
}
