/**
 * What guests write: masked, bounded, kept in files and told as events.
 *
 *     agent, browser ─ guest listener ┐
 *     serial console ─ console_tail ──┴─ mask ─ rate ─┬─ events (VM_LOG) ─ who follows
 *                                                     └─ files ─ who asks for the tail
 *
 * Nothing here waits for anybody who reads: a follower reads events from where it is.
 *
 * @module
 */
import type { Host } from "../../host/host.ts";
import { type EventGap, type LogStream, logStream } from "../../protocol/events.ts";
import { LOG_LINE_LENGTH_MAX } from "../../protocol/guest.ts";
import type { LogLine } from "../../protocol/logs.ts";
import { maskLine } from "../../protocol/masking.ts";
import type { VmStatus } from "../../protocol/vms.ts";
import type { EventBus, LogDraft } from "../events/bus.ts";
import { LineFile } from "./line_file.ts";
import { removeLogs } from "./log_files.ts";
import { plainText } from "./plain_text.ts";
import { Rate } from "./rate.ts";

/** What one VM may write in the long run and at once; what is more is dropped, and counted. */
export const LOG_BYTES_PER_SECOND_MAX = 64 * 1024;
export const LOG_BYTES_AT_ONCE_MAX = 512 * 1024;
/** What a line costs beside its characters, so that empty ones are no way around. */
const LINE_COST_BYTES = 100;
/** Lines of one VM that wait for a slow disk; what is more is dropped. */
const WAITING_LINES_MAX = 5_000;
/** A guest's clock may lag behind; its time is taken when it is this close to the daemon's. */
const TIME_TRUSTED_MS = 60_000;

/** The VM that a line is of. */
export interface LoggedVm {
  readonly id: string;
  readonly name: string;
  readonly status: VmStatus;
}

/** A line as its writer has it. */
export interface RawLine {
  readonly stream: LogStream;
  readonly line: string;
  /** RFC 3339; left out: now. */
  readonly timestamp?: string;
}

/** Lines, and the number of the event from which on the next ones can be followed. */
export interface Tail {
  readonly lines: readonly LogLine[];
  readonly seq: number;
}

/** A line, and the number of its event. */
export interface FollowedLine {
  readonly seq: number;
  readonly line: LogLine;
}

/** The logs of all VMs. */
export class VmLogs implements AsyncDisposable {
  readonly #logs = new Map<string, OneLog>();

  constructor(
    private readonly parts: {
      readonly host: Host;
      readonly bus: EventBus;
      readonly logDir: string;
    },
  ) {}

  /** Takes lines of one VM, in their order; `dropped` came after them and are lost. */
  take(vm: LoggedVm, lines: readonly RawLine[], dropped = 0): void {
    this.#of(vm.id).take(vm, lines, dropped);
  }

  /** The last lines, `count` at most, of one stream or of all in the order of their times. */
  tail(id: string, count: number, stream?: LogStream): Promise<Tail> {
    return this.#of(id).tail(count, stream);
  }

  /** Lines from an event's number on, until the signal is aborted; a gap tells what is gone. */
  async *follow(
    id: string,
    after: number,
    signal: AbortSignal,
    stream?: LogStream,
  ): AsyncGenerator<FollowedLine | EventGap> {
    for await (const event of this.parts.bus.follow({ kind: "log", vmId: id, after, signal })) {
      if (event.type === "gap") yield event;
      else if (event.stream !== undefined && (stream ?? event.stream) === event.stream) {
        const { seq, stream, line = "", timestamp } = event;
        yield { seq, line: { stream, line, timestamp } };
      }
    }
  }

  /** Forgets a VM that is gone, and removes what was written of it after it was removed. */
  async forget(id: string): Promise<void> {
    const { host, logDir } = this.parts;
    await this.#logs.get(id)?.close();
    this.#logs.delete(id);
    await removeLogs(host, logDir, id);
  }

  /** Waits until everything is written. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#logs.values()].map((log) => log.close()));
  }

  #of(id: string): OneLog {
    const known = this.#logs.get(id);
    if (known !== undefined) return known;
    const log = new OneLog(id, this.parts);
    this.#logs.set(id, log);
    return log;
  }
}

/** The logs of one VM. Files are written and read in one queue. */
class OneLog {
  readonly #rate: Rate;
  #dropped = 0;
  #waiting: LogLine[] = [];
  #queue: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly id: string,
    private readonly parts: {
      readonly host: Host;
      readonly bus: EventBus;
      readonly logDir: string;
    },
  ) {
    this.#rate = new Rate(LOG_BYTES_PER_SECOND_MAX, LOG_BYTES_AT_ONCE_MAX, parts.host.clock);
  }

  take(vm: LoggedVm, lines: readonly RawLine[], dropped: number): void {
    const kept: LogLine[] = [];
    for (const raw of lines) {
      const isRoom = this.#waiting.length < WAITING_LINES_MAX &&
        this.#rate.take(raw.line.length + LINE_COST_BYTES);
      if (isRoom) kept.push(...this.#takeDropped(raw.stream), this.#cleaned(raw));
      else this.#dropped++;
    }
    this.#dropped += dropped;
    if (dropped > 0) kept.push(...this.#takeDropped("agent"));
    if (kept.length === 0) return;
    const { id: vm_id, name, status } = vm;
    this.parts.bus.publishLogs(kept.map((line): LogDraft => ({ vm_id, name, status, ...line })));
    const isIdle = this.#waiting.length === 0;
    this.#waiting.push(...kept);
    if (isIdle) this.#enqueue(() => this.#write()).catch((error) => this.#notWritten(error));
  }

  tail(count: number, stream?: LogStream): Promise<Tail> {
    return this.#enqueue(async () => {
      // Looked at again without a wait before the number: a line that came meanwhile is below it.
      do {
        await this.#write().catch((error) => this.#notWritten(error));
      } while (this.#waiting.length > 0);
      const seq = this.parts.bus.newest;
      const lines: LogLine[] = [];
      for (const one of stream === undefined ? logStream.options : [stream]) {
        for (const text of await this.#file(one).tail(count)) lines.push(lineOf(one, text));
      }
      if (stream === undefined) lines.sort((a, b) => a.timestamp < b.timestamp ? -1 : 1);
      return { lines: lines.slice(Math.max(0, lines.length - count)), seq };
    });
  }

  /** Waits until everything is written. */
  async close(): Promise<void> {
    await this.#queue;
  }

  /** Writes until nothing waits. What could not be written is not tried again. */
  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting;
      this.#waiting = [];
      for (const stream of logStream.options) {
        const texts = lines.filter((line) => line.stream === stream)
          .map(({ timestamp, line }) => `${timestamp} ${line}`);
        if (texts.length > 0) await this.#file(stream).append(texts);
      }
    }
  }

  #takeDropped(stream: LogStream): LogLine[] {
    if (this.#dropped === 0) return [];
    const line = `lines dropped: ${this.#dropped}`;
    this.#dropped = 0;
    return [this.#cleaned({ stream, line })];
  }

  #cleaned({ stream, line, timestamp }: RawLine): LogLine {
    const cleaned = maskLine(plainText(line)).slice(0, LOG_LINE_LENGTH_MAX);
    const now = this.parts.host.clock.now();
    const told = timestamp === undefined ? NaN : Date.parse(timestamp);
    const isTrusted = told <= now.getTime() && told > now.getTime() - TIME_TRUSTED_MS;
    return { stream, line: cleaned, timestamp: (isTrusted ? new Date(told) : now).toISOString() };
  }

  #file(stream: LogStream): LineFile {
    return new LineFile(`${this.parts.logDir}/${this.id}.${stream}.log`, this.parts.host);
  }

  #enqueue<Result>(job: () => Promise<Result>): Promise<Result> {
    const result = this.#queue.then(job);
    this.#queue = result.catch(() => {});
    return result;
  }

  #notWritten(error: unknown): void {
    this.parts.host.log("warn", "Lines of a log not written", { vm: this.id, error });
  }
}

/** A line of a file: its time, a space, and the rest. */
function lineOf(stream: LogStream, text: string): LogLine {
  const at = text.indexOf(" ");
  return { stream, timestamp: text.slice(0, at), line: text.slice(at + 1) };
}
