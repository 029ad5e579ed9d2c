/** Shell scripts as the builder runs them, on the host and apart from it. */
import type { CommandError, CommandOutput, Host } from "../host/host.ts";

/** No single step of a build may take longer. */
const STEP_TIMEOUT_MS = 20 * 60_000;

/**
 * Runs a command with its own mounts, processes and no network but the host's files. Whatever it
 * mounts is gone when it ends, however it ends: `unshare` takes its children along when killed,
 * and, since it ignores SIGTERM, the shell around it turns that into SIGKILL.
 */
const SANDBOX = `
unshare --mount --pid --fork --kill-child --propagation private $SANDBOX_FLAGS -- "$@" &
child=$!
trap 'kill -KILL "$child"; wait "$child"; exit 143' TERM INT
wait "$child"
`;

/** What the steps of one build share. */
export interface Bench {
  readonly host: Host;
  /** This build's own folder, mode 0700; removed at its end. */
  readonly staging: string;
  readonly signal?: AbortSignal;
}

/** Runs a bash script on the host; the arguments are its `$1`, `$2`, … */
export function script(
  { host, signal }: Bench,
  label: string,
  text: string,
  ...args: readonly string[]
): Promise<CommandOutput> {
  return host.run(`images.build:${label}`, [
    "bash",
    "-euo",
    "pipefail",
    "-c",
    text,
    label,
    ...args,
  ], limits(signal));
}

/** Runs a bash script as {@linkcode script} does, with mounts and processes of its own. */
export function sandboxedScript(
  { host, signal }: Bench,
  label: string,
  text: string,
  options: { readonly network: boolean },
  ...args: readonly string[]
): Promise<CommandOutput> {
  const inner = ["bash", "-euo", "pipefail", "-c", text, label, ...args];
  return host.run(`images.build:${label}`, ["/bin/sh", "-c", SANDBOX, "sandbox", ...inner], {
    ...limits(signal),
    env: { SANDBOX_FLAGS: options.network ? "" : "--net" },
  });
}

function limits(signal: AbortSignal | undefined) {
  return { timeoutMs: STEP_TIMEOUT_MS, ...(signal ? { signal } : {}) };
}

/** Characters of a failed script's output that a message quotes. */
const FAILURE_LENGTH_MAX = 2_000;

/** Why a script failed, without the script's text. */
export function scriptFailure(error: CommandError): string {
  const said = error.output?.stderr.trim().slice(-FAILURE_LENGTH_MAX);
  if (error.code === "timeout") return `a step took over ${STEP_TIMEOUT_MS / 60_000} minutes`;
  return said || `a step ended with code ${error.output?.code ?? error.code}`;
}
