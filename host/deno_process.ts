import { CommandError, type CommandOutput, type ExitStatus, type Host } from "./host.ts";

/** Bytes of a command's output that are kept for messages and answers. */
const OUTPUT_LIMIT_BYTES = 8 * 1024 * 1024;
const RUN_TIMEOUT_DEFAULT_MS = 60_000;

/** Runs a command to its end; see {@linkcode Host.run}. */
export const denoRun: Host["run"] = async (_label, argv, options = {}) => {
  const { timeoutMs = RUN_TIMEOUT_DEFAULT_MS, okCodes = [0] } = options;
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = options.signal ? AbortSignal.any([timeout, options.signal]) : timeout;
  const child = start(argv, {
    stdin: options.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    signal,
    ...(options.env ? { env: options.env } : {}),
    ...(options.cwd ? { cwd: options.cwd } : {}),
  });
  const [stdout, stderr, status] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    child.status,
    options.stdin === undefined ? undefined : feed(child.stdin, options.stdin),
  ]);
  const output: CommandOutput = { stdout, stderr, code: status.code, signal: status.signal };
  if (options.signal?.aborted) throw options.signal.reason;
  if (timeout.aborted) {
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
    stdin: "null",
    stdout: stdio,
    stderr: output === "inherit" ? "inherit" : "null",
    detached,
    ...(options.env ? { env: options.env, clearEnv: true } : {}),
    ...(options.cwd ? { cwd: options.cwd } : {}),
  });
  await Promise.resolve();
  return {
    pid: child.pid,
    output: output === "piped" ? child.stdout : null,
    exited: child.status.then(({ code, signal }): ExitStatus => ({ code, signal })),
    kill: (signal) => {
      try {
        child.kill(signal);
      } catch (error) {
        // The process has ended; its exit status says how.
        if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
      }
    },
  };
};

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

async function text(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let result = "";
  for await (const chunk of stream) {
    if (result.length < OUTPUT_LIMIT_BYTES) result += decoder.decode(chunk, { stream: true });
  }
  return result + decoder.decode();
}

async function feed(stdin: WritableStream<Uint8Array>, data: string): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(data));
    await writer.close();
  } catch (error) {
    // A command may end without reading all of its input; its exit code tells the story.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
