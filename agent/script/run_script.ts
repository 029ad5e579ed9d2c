/** Runs a script in a process of its own, which has no rights and is killed when its time is up. */
import type { Host, Process } from "../../host/host.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { ScriptConsoleEntry, scriptRun } from "../../protocol/scripts.ts";
import type { ActionContext } from "../action_runner.ts";
import { endingWithUs } from "../chrome_command.ts";
import type { ScriptJob } from "./messages.ts";
import { SCRIPT_OUTPUT_BYTES_MAX, ScriptOutput } from "./script_output.ts";

/** Megabytes of objects that a script may have … */
export const SCRIPT_HEAP_MB = 256;
/** … and megabytes that its process may write to in all; an idle one counts about 550. */
export const SCRIPT_DATA_MB = 1_024;
/** What of its console stands in the message of a script that failed, in characters. */
const CONSOLE_TAIL_LENGTH = 500;

/** First in line when memory is short, and bounded in it: proc_pid_oom_score_adj(5), setrlimit(2). */
const BOUNDED = 'echo 1000 >/proc/self/oom_score_adj; ulimit -d "$0"; exec "$@"';
/** What the runtime needs to find itself; nothing else of the agent's environment is told. */
const VARIABLES = ["HOME", "PATH", "TMPDIR", "DENO_DIR"];

/** What scripts are run with. */
export interface ScriptParts {
  readonly host: Host;
  /** Starts a script process. */
  readonly command: readonly string[];
  readonly devtoolsUrl: string;
}

/** Runs one script. */
export async function runScript(
  { script, args }: ParsedOf<typeof scriptRun>,
  { cdp, deadline }: ActionContext,
  parts: ScriptParts,
): Promise<OutputOf<typeof scriptRun>> {
  const { targetInfo: { targetId, browserContextId } } = await deadline.race(
    "the page to answer",
    cdp.send("Target.getTargetInfo"),
  );
  const job: ScriptJob = {
    ...{ devtools_url: parts.devtoolsUrl, target_id: targetId, script, args },
    ...(browserContextId === undefined ? {} : { browser_context_id: browserContextId }),
  };
  const output = new ScriptOutput();
  await using process = await start(job, parts);
  try {
    const end = await deadline.race("the script to end", output.read(process.output));
    if (end?.type === "result") {
      return { result: end.result, console: output.console, console_dropped: end.console_dropped };
    }
    const { code = "script_failed", reason } = end ??
      { reason: await deadline.race("the script's process to end", reasonOf(process, output)) };
    throw new ViperError(code, `Cannot ${deadline.action}: ${reason}`);
  } catch (error) {
    throw withConsole(error, output.console);
  }
}

interface ScriptProcess extends AsyncDisposable {
  readonly output: ReadableStream<Uint8Array>;
  readonly exited: Process["exited"];
}

async function start(job: ScriptJob, { host, command }: ScriptParts): Promise<ScriptProcess> {
  const own = VARIABLES.map((name) => [name, host.env[name]]).filter(([, value]) => value);
  const process = await host.spawn(
    "agent.script:spawn",
    [
      ...["/bin/sh", "-c", BOUNDED, String(SCRIPT_DATA_MB * 1_024)],
      ...await endingWithUs(host),
      ...command,
    ],
    {
      input: JSON.stringify(job),
      output: "piped",
      env: { ...Object.fromEntries(own), DENO_V8_FLAGS: `--max-old-space-size=${SCRIPT_HEAP_MB}` },
    },
  );
  const { output, exited } = process;
  if (output === null) throw new TypeError("Cannot read the script's output: it is not piped");
  return {
    output,
    exited,
    [Symbol.asyncDispose]: async () => {
      process.kill("SIGKILL");
      await exited;
      await output.cancel().catch(() => {}); // It may be read to its end.
    },
  };
}

/** Why a script process ended before the script did, or is ended. */
async function reasonOf(
  process: ScriptProcess,
  { noise, isTooLong }: ScriptOutput,
): Promise<string> {
  if (isTooLong) return `it writes more than ${SCRIPT_OUTPUT_BYTES_MAX} bytes`;
  const { code, signal } = await process.exited;
  if (/out of memory/i.test(noise)) return `it needs more than ${SCRIPT_HEAP_MB} MB of memory`;
  return `its process ended with ${signal ?? `code ${code}`} before it did`;
}

/** The error with the last that the script wrote, which an answer would have. */
function withConsole(error: unknown, console: readonly ScriptConsoleEntry[]): unknown {
  if (!(error instanceof ViperError) || console.length === 0) return error;
  const lines = console.map(({ text }) => text).join("\n").slice(-CONSOLE_TAIL_LENGTH);
  return new ViperError(error.code, `${error.message}; its console: ${lines}`, { cause: error });
}
