/**
 * QEMU's machine protocol: one JSON object a line over a Unix socket, one client at a time.
 * https://www.qemu.org/docs/master/interop/qmp-spec.html
 *
 * @module
 */
import type { Connection, Host } from "../../host/host.ts";
import { within } from "./within.ts";

/** Characters that one message may have; QEMU's answers here have a few hundred. */
const MESSAGE_LENGTH_MAX = 1024 * 1024;
/** How long an answer may take, in milliseconds; a busy emulating QEMU answers in some 100 ms. */
const ANSWER_TIMEOUT_MS = 10_000;

/** Something that happened in QEMU, such as `SHUTDOWN` or `GUEST_PANICKED`. */
export interface QmpEvent {
  readonly event: string;
  readonly data?: unknown;
}

/** The protocol failed, or QEMU refused a command. */
export class QmpError extends Error {
  override readonly name = "QmpError";
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** What QEMU sends: greeting, answer, error or event. */
interface Message extends Partial<QmpEvent> {
  readonly QMP?: unknown;
  readonly id?: number;
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
}

/** Settings of {@linkcode QmpClient.connect}. */
export interface QmpOptions {
  /** Called for each event, in order. @default events are dropped */
  readonly onEvent?: (event: QmpEvent) => void;
  /** How long QEMU may take to greet, in milliseconds. @default 10000 */
  readonly timeoutMs?: number;
}

/** A QEMU to give commands to. */
export class QmpClient {
  /** Resolves when the connection has ended and every event has been handed over. */
  readonly closed: Promise<void>;
  readonly #pending = new Map<number, Pending>();
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #greeted = Promise.withResolvers<void>();
  readonly #onEvent: (event: QmpEvent) => void;
  #commandCount = 0;
  #closed: QmpError | null = null;

  private constructor(
    private readonly host: Host,
    private readonly connection: Connection,
    onEvent: (event: QmpEvent) => void,
  ) {
    this.#writer = connection.writable.getWriter();
    this.#onEvent = onEvent;
    this.closed = this.#read();
  }

  /** Connects to the socket at `path` and negotiates. @throws {QmpError} or the system's error */
  static async connect(
    host: Host,
    path: string,
    { onEvent = () => {}, timeoutMs = ANSWER_TIMEOUT_MS }: QmpOptions = {},
  ): Promise<QmpClient> {
    const connection = await host.net.connect("runtime.qmp:connect", { transport: "unix", path });
    const client = new QmpClient(host, connection, onEvent);
    try {
      await within(
        host.clock,
        timeoutMs,
        client.#greeted.promise,
        () => new QmpError(`QEMU did not greet within ${timeoutMs} ms`),
      );
      await client.execute("qmp_capabilities");
      return client;
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  /** Runs a command and returns its value. @throws {QmpError} on refusal, silence or a lost line */
  async execute(
    command: string,
    args: Record<string, unknown> = {},
    timeoutMs: number = ANSWER_TIMEOUT_MS,
  ): Promise<unknown> {
    if (this.#closed) throw this.#closed;
    const id = ++this.#commandCount;
    const answer = Promise.withResolvers<unknown>();
    this.#pending.set(id, answer);
    // The answer may be refused while the line is still being written.
    answer.promise.catch(() => {});
    try {
      const line = JSON.stringify({ execute: command, arguments: args, id }) + "\n";
      const written = this.#writer.write(new TextEncoder().encode(line));
      return await within(
        this.host.clock,
        timeoutMs,
        // A QEMU that hangs may take no more bytes, either.
        written.then(() => answer.promise),
        () => new QmpError(`QEMU did not answer "${command}" within ${timeoutMs} ms`),
      );
    } finally {
      this.#pending.delete(id);
    }
  }

  /** Whether QEMU may still answer. */
  get isOpen(): boolean {
    return this.#closed === null;
  }

  /** Hangs up; commands under way are rejected. Idempotent. */
  async close(): Promise<void> {
    this.#end(new QmpError("The connection to QEMU was closed"));
    this.connection.close();
    await this.closed;
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    let buffer = "";
    try {
      for await (const chunk of this.connection.readable) {
        buffer += decoder.decode(chunk, { stream: true });
        const lines = buffer.split("\n");
        buffer = lines.pop() ?? "";
        for (const line of lines) if (line.trim() !== "") this.#receive(JSON.parse(line));
        if (buffer.length > MESSAGE_LENGTH_MAX) throw new QmpError("QEMU's message has no end");
      }
      this.#end(new QmpError("QEMU hung up"));
    } catch (cause) {
      this.#end(new QmpError("The connection to QEMU broke", { cause }));
    }
  }

  #receive(message: Message): void {
    if (message.QMP !== undefined) return this.#greeted.resolve();
    if (message.event !== undefined) {
      return this.#onEvent({ event: message.event, data: message.data });
    }
    const pending = this.#pending.get(message.id ?? -1);
    if (message.error) pending?.reject(new QmpError(`QEMU refused: ${message.error.desc}`));
    else pending?.resolve(message.return);
  }

  #end(reason: QmpError): void {
    this.#closed ??= reason;
    this.#greeted.promise.catch(() => {});
    this.#greeted.reject(reason);
    for (const pending of this.#pending.values()) pending.reject(reason);
    this.#pending.clear();
  }
}
