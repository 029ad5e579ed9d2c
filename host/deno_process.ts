import { CommandError, type CommandOutput, type ExitStatus, type Host } from "./host.ts";

/** Bytes of a command's output that are kept for messages and answers. */
const OUTPUT_LIMIT_BYTES = 8 * 1024 * 1024;
const RUN_TIMEOUT_DEFAULT_MS = 60_000;
/** From SIGTERM to SIGKILL, for a command that has something to clean up. */
const KILL_GRACE_MS = 3_000;

/** Runs a command to its end; see {@linkcode Host.run}. */
export const denoRun: Host["run"] = async (_label, argv, options = {}) => {
  const { timeoutMs = RUN_TIMEOUT_DEFAULT_MS, okCodes = [0] } = options;
  options.signal?.throwIfAborted();
  const child = start(argv, {
    stdin: options.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    ...(options.env ? { env: options.env } : {}),
    ...(options.cwd ? { cwd: options.cwd } : {}),
  });
  using bound = boundOf(child, timeoutMs, options.signal);
  const [stdout, stderr, status] = await Promise.all([
    text(child.stdout, bound.cut),
    text(child.stderr, bound.cut),
    child.status,
    options.stdin === undefined ? undefined : feed(child.stdin, options.stdin, bound.cut),
  ]);
  const output: CommandOutput = { stdout, stderr, code: status.code, signal: status.signal };
  if (options.signal?.aborted) throw options.signal.reason;
  if (bound.isLate) {
    throw new CommandError("timeout", `"${argv.join(" ")}" took over ${timeoutMs} ms`, output);
  }
  if (!okCodes.includes(status.code)) {
    const reason = (stderr.trim() || stdout.trim()).slice(-2_000);
    throw new CommandError(
      "failed",
      `"${argv.join(" ")}" ended with code ${status.code}: ${reason}`,
      output,
    );
  }
  return output;
};

/** Starts a process and returns at once; see {@linkcode Host.spawn}. */
export const denoSpawn: Host["spawn"] = async (_label, argv, options = {}) => {
  const { output = "null", detached = false } = options;
  // Deno cannot hand a file to a child, so a shell opens it and becomes the command.
  const command = typeof output === "object"
    ? ["/bin/sh", "-c", 'exec "$@" >>"$0" 2>&1', output.file, ...argv]
    : output === "piped"
    ? ["/bin/sh", "-c", 'exec "$@" 2>&1', "sh", ...argv]
    : [...argv];
  const stdio = output === "inherit" ? "inherit" : output === "piped" ? "piped" : "null";
  const child = start(command, {
    stdin: options.input === undefined ? "null" : "piped",
    stdout: stdio,
    stderr: output === "inherit" ? "inherit" : "null",
    detached,
    ...(options.env ? { env: options.env, clearEnv: true } : {}),
    ...(options.cwd ? { cwd: options.cwd } : {}),
  });
  if (options.input !== undefined) {
    // However that fails, the process tells by its end.
    feed(child.stdin, options.input, new AbortController().signal).catch(() => {});
  }
  await Promise.resolve();
  return {
    pid: child.pid,
    output: output === "piped" ? child.stdout : null,
    exited: child.status.then(({ code, signal }): ExitStatus => ({ code, signal })),
    kill: (signal) => kill(child, signal),
  };
};

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch (error) {
    // The process has ended; its exit status says how.
    if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** What ends a command in time; `cut` says that its pipes are not to be waited for. */
interface Bound extends Disposable {
  readonly cut: AbortSignal;
  readonly isLate: boolean;
}

/**
 * Ends the command when its time is up or the signal is aborted. Its pipes are given up as soon as
 * it is gone then, since a child of its own may hold them open.
 */
function boundOf(
  child: Deno.ChildProcess,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Bound {
  const cut = new AbortController();
  let isLate = false;
  let killing: ReturnType<typeof setTimeout> | undefined;
  const end = () => {
    kill(child, "SIGTERM");
    killing ??= setTimeout(() => kill(child, "SIGKILL"), KILL_GRACE_MS);
    child.status.then(() => cut.abort());
  };
  const timer = setTimeout(() => {
    isLate = true;
    end();
  }, timeoutMs);
  signal?.addEventListener("abort", end);
  return {
    cut: cut.signal,
    get isLate() {
      return isLate;
    },
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      clearTimeout(killing);
      signal?.removeEventListener("abort", end);
    },
  };
}

function start(argv: readonly string[], options: Deno.CommandOptions): Deno.ChildProcess {
  const [program, ...args] = argv;
  if (program === undefined) throw new TypeError("Cannot run an empty command");
  try {
    return new Deno.Command(program, { ...options, args }).spawn();
  } catch (error) {
    const code = error instanceof Deno.errors.NotFound ? "not_found" : "failed";
    throw new CommandError(code, `Cannot start "${program}"`, undefined, { cause: error });
  }
}

async function text(stream: ReadableStream<Uint8Array>, cut: AbortSignal): Promise<string> {
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  cut.addEventListener("abort", () => reader.cancel());
  let result = "";
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    if (result.length < OUTPUT_LIMIT_BYTES) result += decoder.decode(read.value, { stream: true });
  }
  return result + decoder.decode();
}

async function feed(
  stdin: WritableStream<Uint8Array>,
  data: string,
  cut: AbortSignal,
): Promise<void> {
  const writer = stdin.getWriter();
  cut.addEventListener("abort", () => writer.abort().catch(() => {}));
  try {
    await writer.write(new TextEncoder().encode(data));
    await writer.close();
  } catch (error) {
    // A command may end without reading all of its input; its exit code tells the story.
    if (!cut.aborted && !(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
