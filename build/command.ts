/** Runs one program of the build to its end. */

/** Settings of {@linkcode run}. */
export interface CommandOptions {
  readonly cwd?: string;
  /** The program is ended after this many milliseconds. @default 120000 */
  readonly timeoutMs?: number;
  /** Standard output goes to this file. */
  readonly stdoutFile?: string;
}

/** Longer than any step of a build takes. */
const TIMEOUT_MS = 120_000;

/** Runs `argv` and returns its standard output. @throws {Error} with its output when it fails. */
export async function run(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const [program = "", ...args] = argv;
  const child = new Deno.Command(program, {
    args,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS),
  }).spawn();
  const [stdout, stderr, status] = await Promise.all([
    options.stdoutFile === undefined
      ? new Response(child.stdout).text()
      : saveTo(options.stdoutFile, child.stdout),
    new Response(child.stderr).text(),
    child.status,
  ]);
  if (!status.success) {
    throw new Error(`Cannot run "${argv.join(" ")}": exit code ${status.code}\n${stdout}${stderr}`);
  }
  return stdout;
}

async function saveTo(path: string, stream: ReadableStream<Uint8Array>): Promise<string> {
  const file = await Deno.open(path, { write: true, create: true, truncate: true });
  await stream.pipeTo(file.writable);
  return "";
}
