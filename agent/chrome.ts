/** One run of Chrome: from an executable to a DevTools address, and to its end. */
import type { ExitStatus, Host, Process } from "../host/host.ts";
import type { Instance } from "../protocol/guest.ts";
import { ViperError } from "../protocol/problems.ts";
import { chromeCommand, endingWithUs, expendable, findChrome } from "./chrome_command.ts";
import { Deadline } from "./deadline.ts";
import { Lines } from "../protocol/lines.ts";
import { unlockProfile } from "./profile_folder.ts";
import { processTree } from "./process_tree.ts";
import { sandboxFlags } from "./sandbox.ts";

/** Under slow emulation Chrome needs ten seconds; a minute means that it hangs. */
export const CHROME_START_TIMEOUT_MS = 60_000;
/** How long killed processes may take to be gone. */
const KILL_TIMEOUT_MS = 5_000;
/** Lines of Chrome's output that are kept to explain a failed start. */
const OUTPUT_LINES_MAX = 20;

/** A Chrome that was started; disposing ends all of its processes. */
export interface Chrome extends AsyncDisposable {
  readonly pid: number;
  readonly exited: Promise<ExitStatus>;
  /**
   * The address of its DevTools, once it listens.
   *
   * @throws {ViperError} `browser_unavailable` when it exits or takes too long
   */
  devtoolsUrl(signal: AbortSignal): Promise<string>;
}

/** Called for each line of Chrome's output. */
export type OnOutput = (line: string) => void;

/**
 * Starts Chrome with that folder for its profile, and returns at once, while it boots.
 *
 * @throws {ViperError} `browser_unavailable` when there is no executable
 */
export async function launchChrome(
  settings: Instance["chrome"],
  profile: string,
  host: Host,
  onOutput: OnOutput,
): Promise<Chrome> {
  await using undo = new AsyncDisposableStack();
  const executable = await findChrome(settings.executable, host);
  await unlockProfile(profile, host);
  const flags = [...await sandboxFlags(host), ...settings.args];
  const prefix = [...await endingWithUs(host), ...await expendable(host)];
  const process = await host.spawn(
    "agent.chrome:spawn",
    [...prefix, ...chromeCommand(executable, profile, flags)],
    { output: "piped", env: variables(host) },
  );
  undo.defer(() => endProcess(process, host));
  const output = readOutput(process, onOutput);
  const kept = undo.move();
  return {
    pid: process.pid,
    exited: process.exited,
    devtoolsUrl: async (signal) => {
      using deadline = new Deadline(host.clock, "start Chrome", CHROME_START_TIMEOUT_MS, [signal]);
      const url = await deadline.race("its DevTools address", output.devtoolsUrl);
      if (url !== null) return url;
      throw new ViperError(
        "browser_unavailable",
        `Cannot start Chrome: ${executable} ended with its output "${output.lines.join("\n")}"`,
      );
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function endProcess(process: Process, host: Host): Promise<void> {
  for (const pid of await processTree(host.files, process.pid)) {
    // The process itself goes through its handle: its number may be another's by now.
    if (pid === process.pid) process.kill("SIGKILL");
    else host.signal("agent.chrome:kill", pid, "SIGKILL");
  }
  using deadline = new Deadline(host.clock, "end Chrome", KILL_TIMEOUT_MS);
  await deadline.race("its process to be gone", process.exited);
}

interface Output {
  readonly lines: string[];
  /** `null` when the output ends without one. */
  readonly devtoolsUrl: Promise<string | null>;
}

/** Reads all output as long as Chrome lives, since a full pipe would stop it. */
function readOutput(process: Process, onOutput: OnOutput): Output {
  const lines: string[] = [];
  const { promise: devtoolsUrl, resolve } = Promise.withResolvers<string | null>();
  const read = async () => {
    if (process.output === null) return;
    const split = new Lines((line) => {
      const url = /^DevTools listening on (ws:\/\/\S+)/.exec(line)?.[1];
      if (url !== undefined) resolve(url);
      onOutput(line);
      lines.push(line);
      if (lines.length > OUTPUT_LINES_MAX) lines.shift();
    });
    for await (const chunk of process.output) split.push(chunk);
    split.end();
  };
  read().catch(() => {}).finally(() => resolve(null)); // A broken pipe is an ended output.
  return { lines, devtoolsUrl };
}

/** What the agent was told beside what it inherited, such as the time zone. */
function variables({ env }: Host): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
