/**
 * The record of what setup changed, and of what was there before. It is written ahead of every
 * change, so that it never knows less than what was done; it holds settings, keys included, and
 * only root may read it.
 *
 * @module
 */
import * as z from "zod";
import type { Host } from "../host/host.ts";
import { READERS } from "./changes/all.ts";
import { replaceFile, UNFINISHED } from "./changes/file.ts";
import type { Step } from "./step.ts";

/** Where the record is; the folder exists on every host, so nothing has to be made for it. */
export const RECORD_PATH = "/var/lib/viper-setup.json";
const VERSION = 1;

const recordFile = z.strictObject({
  version: z.literal(VERSION),
  changes: z.array(z.strictObject({
    kind: z.string(),
    what: z.unknown(),
    before: z.unknown(),
    at: z.iso.datetime(),
  })),
});

/** A change that was made, or was about to be. */
export interface RecordedChange {
  readonly step: Step;
  readonly before: unknown;
  readonly at: string;
}

/** Reads and writes the record of one host. */
export class SetupRecord {
  #changes: RecordedChange[];

  private constructor(
    private readonly host: Host,
    private readonly path: string,
    changes: RecordedChange[],
  ) {
    this.#changes = changes;
  }

  /** Reads the record; one that is absent is empty. @throws {Error} when it cannot be read */
  static async open(host: Host, root: string): Promise<SetupRecord> {
    const path = root + RECORD_PATH;
    if (await host.files.stat("setup.record:look", path) === null) {
      return new SetupRecord(host, path, []);
    }
    const text = await host.files.readText("setup.record:read", path);
    return new SetupRecord(host, path, parseRecord(text, path));
  }

  /** In the order in which they were made. */
  get changes(): readonly RecordedChange[] {
    return this.#changes;
  }

  /** Notes a change ahead of making it. What was there before its first making stays noted. */
  async note(step: Step, before: unknown): Promise<void> {
    const known = this.#changes.findIndex((change) => change.step.title === step.title);
    const at = this.host.clock.now().toISOString();
    const changes = known < 0
      ? [...this.#changes, { step, before, at }]
      : this.#changes.map((change, index) => index === known ? { ...change, step } : change);
    await this.#write(changes, "");
  }

  /** Forgets a change that was taken back; the last one takes the file along. */
  async forget({ title }: Step): Promise<void> {
    const changes = this.#changes.filter(({ step }) => step.title !== title);
    if (changes.length > 0) return await this.#write(changes, "_undo");
    await this.host.files.remove("setup.record:remove_undo", this.path);
    this.#changes = changes;
  }

  /** Removes what a write that was cut short left. */
  async tidy(): Promise<void> {
    await this.host.files.remove("setup.record:tidy_undo", this.path + UNFINISHED);
  }

  async #write(changes: RecordedChange[], suffix: string): Promise<void> {
    const json = {
      version: VERSION,
      changes: changes.map(({ step: { kind, what }, before, at }) => ({ kind, what, before, at })),
    };
    const text = JSON.stringify(json, null, 2) + "\n";
    await replaceFile(this.host, "setup.record", this.path, text, 0o600, suffix);
    this.#changes = changes;
  }
}

function parseRecord(text: string, path: string): RecordedChange[] {
  try {
    return recordFile.parse(JSON.parse(text)).changes.map(({ kind, what, before, at }) => {
      const read = READERS[kind];
      if (read === undefined) throw new Error(`There is no change of kind "${kind}"`);
      return { step: read(what), before, at };
    });
  } catch (cause) {
    throw new Error(
      `Cannot read "${path}", the record of what setup changed: use the version of Viper that ` +
        "wrote it",
      { cause },
    );
  }
}
