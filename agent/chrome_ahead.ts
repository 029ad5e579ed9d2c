/**
 * A Chrome that the guest started ahead of the agent, so that the two boot side by side: under
 * emulation Deno alone takes seconds. The image's start script runs it with `--chrome-flags` of
 * this agent and the VM's own, and leaves its number in a folder; see `images/compose.ts`.
 */
import type { ExitStatus, Host } from "../host/host.ts";
import { type Instance, needsPreparedChrome } from "../protocol/guest.ts";
import { type Chrome, CHROME_START_TIMEOUT_MS, type OnOutput } from "./chrome.ts";
import { Deadline } from "./deadline.ts";
import { followFile } from "./follow_file.ts";
import { AHEAD_VARIABLE } from "./profile_folder.ts";
import { isRunning, processTree } from "./process_tree.ts";

/** Names the file that it writes its output to, from the first byte on. */
export const OUTPUT_VARIABLE = "VIPER_AGENT_CHROME_OUTPUT";

/** It is no child that could be waited for, and its DevTools tell their port in a file. */
const POLL_INTERVAL_MS = 50;
const KILL_TIMEOUT_MS = 5_000;

/**
 * Takes over the Chrome that runs ahead.
 *
 * @returns `null` when there is none, or the instance asks for another kind, and then it is ended
 */
export async function adoptChrome(
  settings: Instance["chrome"],
  host: Host,
  onOutput: OnOutput,
): Promise<Chrome | null> {
  const folder = host.env[AHEAD_VARIABLE];
  if (folder === undefined) return null;
  const outputFile = host.env[OUTPUT_VARIABLE];
  const output = outputFile === undefined ? null : followFile(outputFile, host, onOutput);
  const pid = Number(await host.files.readText("agent.chrome:ahead_pid", `${folder}/pid`));
  const end = new AbortController();
  const chrome: Chrome = {
    pid,
    exited: ended(pid, host, end.signal),
    devtoolsUrl: (signal) => devtoolsUrl(`${folder}/profile`, host, signal),
    [Symbol.asyncDispose]: async () => {
      await killTree(pid, host);
      end.abort();
      await output?.[Symbol.asyncDispose]();
    },
  };
  // Its flags are the instance's: the start script has them from the daemon, too.
  const isAsked = settings.executable === undefined && settings.user_data_dir === undefined &&
    !needsPreparedChrome(settings);
  if (isAsked && await isRunning(host.files, pid)) return chrome;
  host.log("warn", "The Chrome that was started ahead is not used", { pid, isAsked });
  await chrome[Symbol.asyncDispose]();
  return null;
}

/** How it ended is known to nobody: its parent was the script that became this agent. */
async function ended(pid: number, host: Host, signal: AbortSignal): Promise<ExitStatus> {
  while (!signal.aborted && await isRunning(host.files, pid)) {
    await host.clock.sleep(POLL_INTERVAL_MS * 5, signal).catch(() => {}); // Ended by disposal.
  }
  return { code: -1, signal: null };
}

/** Chrome writes port and path as two lines once it listens. */
async function devtoolsUrl(profile: string, host: Host, signal: AbortSignal): Promise<string> {
  using deadline = new Deadline(host.clock, "start Chrome", CHROME_START_TIMEOUT_MS, [signal]);
  while (true) {
    const info = await host.files.stat("agent.chrome:ahead_stat", `${profile}/DevToolsActivePort`);
    if (info !== null && info.size > 0) {
      const text = await host.files.readText(
        "agent.chrome:ahead_port",
        `${profile}/DevToolsActivePort`,
      );
      const [port, path] = text.split("\n");
      if (path) return `ws://127.0.0.1:${port}${path}`;
    }
    await deadline.pause("its DevTools address", POLL_INTERVAL_MS);
  }
}

async function killTree(pid: number, host: Host): Promise<void> {
  for (const member of await processTree(host.files, pid)) {
    host.signal("agent.chrome:kill", member, "SIGKILL");
  }
  using deadline = new Deadline(host.clock, "end Chrome", KILL_TIMEOUT_MS);
  while (await isRunning(host.files, pid)) {
    await deadline.pause("its process to be gone", POLL_INTERVAL_MS);
  }
}
