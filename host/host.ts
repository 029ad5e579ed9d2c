/**
 * The one door to the operating system.
 *
 * Every effect and every source of chance goes through a {@linkcode Host}, and every effect
 * carries a label (`vm.create:tap_add`) that says why it happens. A test can therefore record,
 * fail or replay any single call; nothing outside `host/` names `Deno`.
 *
 * @module
 */

/**
 * What a call is for: `area.operation:step`, in snake_case. Stable, since fault tests name it.
 *
 * The label of a call that takes an effect back, or that is made only while doing so, ends in
 * `_undo`: fault tests that fail every call from the Nth on let those through.
 */
export type Label = string;

/** How a finished command ended. `signal` is set when a signal ended it; `code` is then 128 + n. */
export interface ExitStatus {
  readonly code: number;
  readonly signal: string | null;
}

/** The text of a finished command. */
export interface CommandOutput extends ExitStatus {
  readonly stdout: string;
  readonly stderr: string;
}

/** Settings of {@linkcode Host.run}. */
export interface RunOptions {
  /** Text that is written to the command's standard input, which is then closed. */
  readonly stdin?: string;
  /** Variables added to the daemon's own environment. */
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  /** Exit codes that are not an error. @default [0] */
  readonly okCodes?: readonly number[];
  /** The command is killed after this many milliseconds. @default 60000 */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Settings of {@linkcode Host.spawn}. */
export interface SpawnOptions {
  /** Replaces the whole environment; nothing is inherited. Left out: the daemon's own. */
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  /** Written to the process's standard input, which is then closed. Left out: there is none. */
  readonly input?: string;
  /** Own session, so that the process outlives the daemon and is spared its signals. */
  readonly detached?: boolean;
  /**
   * Where standard output and standard error go: nowhere, a pipe to be read from
   * {@linkcode Process.output}, through to the terminal, or appended to a file.
   * @default "null"
   */
  readonly output?: "null" | "piped" | "inherit" | { readonly file: string };
}

/** A running child process. */
export interface Process {
  readonly pid: number;
  /** Standard output and error, in the order they were read; `null` unless piped. */
  readonly output: ReadableStream<Uint8Array> | null;
  readonly exited: Promise<ExitStatus>;
  /** Sends a signal; a process that has ended already is not an error. */
  kill(signal: "SIGTERM" | "SIGKILL" | "SIGINT" | "SIGSTOP" | "SIGCONT"): void;
}

/** What {@linkcode Files.stat} tells. */
export interface FileInfo {
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly isSymlink: boolean;
  readonly isSocket: boolean;
  /** Bytes. */
  readonly size: number;
  /** Permission bits, such as `0o600`. */
  readonly mode: number;
  readonly modifiedAt: Date;
}

/** Files and folders. Paths are absolute unless the caller means the working directory. */
export interface Files {
  read(label: Label, path: string): Promise<Uint8Array<ArrayBuffer>>;
  readText(label: Label, path: string): Promise<string>;
  /** Creates or replaces the file. @throws the system's error, its code in `code` (`ENOSPC`). */
  write(
    label: Label,
    path: string,
    data: Uint8Array | string,
    options?: { mode?: number; append?: boolean; createNew?: boolean },
  ): Promise<void>;
  /**
   * Resolves once what the file holds, or what the folder lists, outlasts a power cut (fsync(2)).
   */
  sync(label: Label, path: string): Promise<void>;
  copy(label: Label, from: string, to: string): Promise<void>;
  /** Hard link, so that big files are shared and not copied. */
  link(label: Label, existing: string, created: string): Promise<void>;
  symlink(label: Label, target: string, created: string): Promise<void>;
  rename(label: Label, from: string, to: string): Promise<void>;
  /** Removes a file or a folder with all it holds; a missing path is not an error. */
  remove(label: Label, path: string): Promise<void>;
  /** Removes an empty folder, such as a cgroup; a missing one is not an error. */
  removeDir(label: Label, path: string): Promise<void>;
  /** Makes the folder and those above it; an existing one is not an error. */
  makeDir(label: Label, path: string, mode?: number): Promise<void>;
  /** A new, empty folder that nobody else has. */
  makeTempDir(label: Label, prefix: string): Promise<string>;
  chmod(label: Label, path: string, mode: number): Promise<void>;
  /** Gives the file or folder to a user and a group, by number; only root may. */
  chown(label: Label, path: string, uid: number, gid: number): Promise<void>;
  /** The path without symbolic links; `null` when nothing is there. */
  realPath(label: Label, path: string): Promise<string | null>;
  /** `null` when nothing is there. Symbolic links are not followed. */
  stat(label: Label, path: string): Promise<FileInfo | null>;
  /**
   * Takes the file, made when absent, for this process alone until disposed or the process ends.
   * `null` when another process holds it.
   */
  lock(label: Label, path: string): Promise<Disposable | null>;
  /** At most `bytesMax` bytes from `offset` on; none at the file's end and beyond it. */
  readFrom(
    label: Label,
    path: string,
    offset: number,
    bytesMax: number,
  ): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Calls back whenever the file may have changed, until disposed. Some notes may be missed or come
   * twice. @throws the system's error, such as when there are no watches left (inotify(7))
   */
  watch(label: Label, path: string, onChange: () => void): Promise<Disposable>;
  /** Names in the folder, sorted; an absent folder is empty. */
  list(label: Label, path: string): Promise<string[]>;
}

/** Where a stream connection goes. */
export type Address =
  | { readonly transport: "tcp" | "tls"; readonly hostname: string; readonly port: number }
  | { readonly transport: "unix"; readonly path: string };

/** A connected stream socket. */
export interface Connection extends AsyncDisposable {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  close(): void;
}

/** A stream that is read and written by hand, so that no byte waits anywhere unasked. */
export interface ByteStream extends Disposable {
  /** This side's port; 0 on a Unix socket. */
  readonly localPort: number;
  /** Fills the buffer with what has come; `null` once the other side sends no more. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Resolves when all of it has left; what the other side does not read holds it up. */
  write(bytes: Uint8Array): Promise<void>;
  /** Says that nothing more will be written. */
  closeWrite(): Promise<void>;
  /** Ends both ways at once; reads and writes under way reject. Idempotent. */
  close(): void;
}

/** Accepts streams until closed; those that it accepted go on. */
export interface StreamListener {
  /** The port really bound, when 0 was asked for; 0 on a Unix socket. */
  readonly port: number;
  close(): void;
}

/** The address of the other side; `null` on a Unix socket. */
export type Peer = { readonly hostname: string; readonly port: number } | null;

/** Where a server listens. */
export type ServeAddress =
  | { readonly hostname: string; readonly port: number; readonly tls?: Tls }
  /** A Unix socket, made with mode 0600; the path must be free, and is free again at the end. */
  | { readonly path: string };

/** What HTTPS needs, as PEM (RFC 7468). */
export interface Tls {
  /** The certificate, and those between it and a root. */
  readonly cert: string;
  /** Secret. */
  readonly key: string;
}

/** A listening HTTP server. */
export interface HttpServer {
  /** The port really bound, when 0 was asked for; 0 on a Unix socket. */
  readonly port: number;
  /** Accepts nothing more, waits for the requests under way, then resolves. */
  shutdown(): Promise<void>;
}

/** Answers one HTTP request. */
export type HttpHandler = (request: Request, peer: Peer) => Response | Promise<Response>;

/** A pool of HTTP connections of its own; closing it ends them, and the requests on them. */
export interface HttpPool extends Disposable {
  fetch(label: Label, url: string, init?: RequestInit): Promise<Response>;
}

/** Settings of {@linkcode Net.openPool}. */
export interface PoolOptions {
  /** Path of the Unix socket to which all requests go, whatever host their URL names. */
  readonly socket?: string;
}

/** A WebSocket (RFC 6455), from the side that accepted it. */
export interface ServerSocket {
  /** Resolves once messages can be sent; rejects when that will never be. */
  readonly opened: Promise<void>;
  /** Resolves when the connection is over, for whatever reason. */
  readonly closed: Promise<void>;
  /** Bytes that were sent and have not left yet. */
  readonly bufferedBytes: number;
  /** Sends a text message; one to a connection that is over is lost. */
  send(text: string): void;
  /** Closes, now or as soon as it is open; `code` is one of RFC 6455, 7.4. */
  close(code: number, reason: string): void;
}

/** Sockets, both ways. */
export interface Net {
  connect(label: Label, address: Address, signal?: AbortSignal): Promise<Connection>;
  /** Like {@linkcode connect}, for bytes that are only passed on. */
  dial(label: Label, address: Address, signal?: AbortSignal): Promise<ByteStream>;
  /** Calls back with each stream that is accepted; with `tls` it is the decrypted one. */
  accept(
    label: Label,
    address: ServeAddress,
    onStream: (stream: ByteStream, peer: Peer) => void,
  ): Promise<StreamListener>;
  /** Requests to these hosts and CIDRs pass by whatever proxy the environment names. */
  reachDirectly(hosts: readonly string[]): void;
  /** The platform's `fetch`. */
  fetch(label: Label, url: string, init?: RequestInit): Promise<Response>;
  /** For a peer that may go away while another takes its address. */
  openPool(label: Label, options?: PoolOptions): HttpPool;
  /** Accepts the WebSocket that the request asks for; the response is the request's answer. */
  upgrade(
    label: Label,
    request: Request,
    protocol: string | undefined,
  ): { readonly response: Response; readonly socket: ServerSocket };
  serve(label: Label, address: ServeAddress, handler: HttpHandler): Promise<HttpServer>;
}

/** Time, as an argument, so that tests own it. */
export interface Clock {
  /** Wall-clock time. */
  now(): Date;
  /** Milliseconds from an arbitrary start that never go back. */
  monotonicMs(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls back every `ms` until disposed; keeps no process alive. */
  every(ms: number, callback: () => void): Disposable;
}

/** Chance, as an argument. */
export interface Random {
  bytes(count: number): Uint8Array<ArrayBuffer>;
  uuid(): string;
}

/** How much a log line matters. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** One line a call; `fields` become members of the JSON line. Never pass a secret. */
export type Log = (level: LogLevel, message: string, fields?: Record<string, unknown>) => void;

/** Whose part a span is; what is in it is the implementation's affair. */
export type TraceContext = { readonly _: unique symbol };

/** A part of a trace that is over. */
export interface PastSpan {
  readonly name: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly startedMsAgo: number;
  /** @default 0 */
  readonly endedMsAgo?: number;
  /** Set for one that failed: why. */
  readonly error?: string;
  readonly children?: readonly PastSpan[];
}

/** One value of a figure that is read and not counted. */
export interface Observation {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Notes a value of one figure. */
export type Note = (value: number, labels: Readonly<Record<string, string>>) => void;

/** Traces and figures on their way to a collector. */
export interface Telemetry {
  /** Names the span under way, such as that of the request which is answered. */
  nameSpan(name: string, attributes: Readonly<Record<string, string>>): void;
  /** Does the job as a part of the trace under way. */
  span<Result>(name: string, job: () => Promise<Result>): Promise<Result>;
  /** What is under way, for parts that are told of later. */
  context(): TraceContext;
  /** Tells of a part that is over. */
  record(span: PastSpan, parent: TraceContext): void;
  counter(name: string, help: string): Note;
  /** Of seconds. */
  histogram(name: string, help: string, buckets: readonly number[]): Note;
  /** Has these figures read whenever they are to be sent. A total never falls. */
  observe(
    figures: readonly { readonly name: string; readonly help: string; readonly isTotal: boolean }[],
    read: () => Promise<readonly Observation[]>,
  ): void;
}

/** The machine and process as Viper sees them. */
export interface Host {
  /** Runs a command to its end. @throws {CommandError} on any exit code not in `okCodes`. */
  run(label: Label, argv: readonly string[], options?: RunOptions): Promise<CommandOutput>;
  /** Starts a process and returns at once. @throws {CommandError} when it cannot be started. */
  spawn(label: Label, argv: readonly string[], options?: SpawnOptions): Promise<Process>;
  /**
   * Signals a process by number, or the whole process group -`pid` when it is negative (kill(2)).
   * `false` when there is no such process.
   */
  signal(label: Label, pid: number, signal: "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT"): boolean;
  readonly files: Files;
  readonly net: Net;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** `null` where nobody collects. */
  readonly telemetry: Telemetry | null;
  /** Environment variables, read only. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isRoot: boolean;
  readonly pid: number;
}

/** A command that could not be started, timed out, or ended with an unexpected code. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  /** Stable, for callers that branch. */
  readonly code: "not_found" | "failed" | "timeout";

  constructor(
    code: CommandError["code"],
    message: string,
    readonly output?: CommandOutput,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = code;
  }
}
