/** A service of systemd's that starts with the host, and runs. */
import * as z from "zod";
import type { Host } from "../../host/host.ts";
import type { Kind } from "../step.ts";

/** What `systemctl stop` and `disable` exit with for a unit that systemd does not know. */
const EXIT_UNKNOWN_UNIT = [1, 5];
/** A daemon that stops takes its leave of clients first. */
const STOP_TIMEOUT_MS = 120_000;

const what = z.strictObject({
  unit: z.string(),
  /** Whether it is to run now, too. */
  start: z.boolean(),
  /** Files that it reads at its start; when one is newer it is started again. */
  files: z.array(z.string()),
});
const before = z.strictObject({ enabled: z.boolean(), active: z.boolean() });
type What = z.infer<typeof what>;

export const serviceKind: Kind<What, z.infer<typeof before>> = {
  name: "service",
  what,
  before,
  title: ({ unit }) => `service ${unit}`,
  look: async (host, { unit, start, files }) => {
    const state = await readService(host, unit);
    const isFresh = !state.needsReload && await startedAfter(host, state.startedS, files);
    const isRight = state.enabled && (!start || state.active && isFresh);
    return isRight ? null : { enabled: state.enabled, active: state.active };
  },
  apply: async (host, { unit, start }, { active }) => {
    await host.run("setup.service:reload", ["systemctl", "daemon-reload"]);
    await host.run("setup.service:enable", ["systemctl", "enable", unit]);
    if (!start) return;
    const verb = active ? "restart" : "start";
    await host.run("setup.service:start", ["systemctl", verb, unit], {
      timeoutMs: STOP_TIMEOUT_MS,
    });
  },
  undo: async (host, { unit }, { enabled, active }) => {
    const okCodes = [0, ...EXIT_UNKNOWN_UNIT];
    if (!active) {
      const options = { okCodes, timeoutMs: STOP_TIMEOUT_MS };
      await host.run("setup.service:stop_undo", ["systemctl", "stop", unit], options);
    }
    if (!enabled) {
      await host.run("setup.service:disable_undo", ["systemctl", "disable", unit], { okCodes });
    }
    const state = await readService(host, unit, "_undo");
    if (state.active && !active || state.enabled && !enabled) {
      throw new Error(`Cannot stop ${unit}: look at "systemctl status ${unit}"`);
    }
    return null;
  },
};

/** What systemd says of a unit. */
export interface ServiceState {
  readonly enabled: boolean;
  readonly active: boolean;
  readonly needsReload: boolean;
  /** Seconds since 1970; `null` when it never started. */
  readonly startedS: number | null;
}

/** Asks systemd; a unit that it does not know is neither enabled nor active. */
export async function readService(host: Host, unit: string, suffix = ""): Promise<ServiceState> {
  const names = "UnitFileState,ActiveState,NeedDaemonReload,ExecMainStartTimestamp";
  const { stdout } = await host.run(`setup.service:look${suffix}`, [
    ...["systemctl", "show", `--property=${names}`, "--timestamp=unix", unit],
  ]);
  const value = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(stdout)?.[1] ?? "";
  const started = /^@(\d+)/.exec(value("ExecMainStartTimestamp"))?.[1];
  return {
    enabled: value("UnitFileState").startsWith("enabled"),
    active: ["active", "activating", "reloading"].includes(value("ActiveState")),
    needsReload: value("NeedDaemonReload") === "yes",
    startedS: started === undefined ? null : Number(started),
  };
}

async function startedAfter(
  host: Host,
  startedS: number | null,
  files: readonly string[],
): Promise<boolean> {
  if (startedS === null) return files.length === 0;
  for (const path of files) {
    const info = await host.files.stat("setup.service:file_look", path);
    if (info !== null && info.modifiedAt.getTime() / 1000 >= startedS + 1) return false;
  }
  return true;
}
