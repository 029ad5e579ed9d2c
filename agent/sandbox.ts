/** Chrome's own sandbox: whether it can work here, and whether it does. */
import { CommandError, type Files, type Host } from "../host/host.ts";
import { processTree } from "./process_tree.ts";

/** Chrome ends at once where its sandbox cannot work, unless it is told to do without. */
export const WITHOUT_SANDBOX = "--no-sandbox";

/** Util-linux's and busybox's take the same two options. */
const PROBES = [
  ["/usr/bin/unshare", "-U", "-r", "/bin/true"],
  ["/bin/busybox", "unshare", "-U", "-r", "/bin/busybox", "true"],
] as const;
const PROBE_TIMEOUT_MS = 10_000;

/**
 * The flags that Chrome needs for its sandbox to be on wherever it can be: none, or that it goes
 * without. It cannot be on for root, nor where no user may make namespaces of its own. A guest's
 * `init/start_agent` decides in the same way.
 */
export async function sandboxFlags(host: Host): Promise<readonly string[]> {
  if (!host.isRoot && await canMakeNamespaces(host)) return [];
  host.log(
    host.isRoot ? "debug" : "warn",
    "Chrome runs without a sandbox of its own",
    { reason: host.isRoot ? "the agent is root" : "no user namespaces" },
  );
  return [WITHOUT_SANDBOX];
}

async function canMakeNamespaces(host: Host): Promise<boolean> {
  for (const command of PROBES) {
    if (await host.files.stat("agent.chrome:find_unshare", command[0]) === null) continue;
    try {
      await host.run("agent.chrome:sandbox_probe", command, { timeoutMs: PROBE_TIMEOUT_MS });
      return true;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
    }
  }
  return false;
}

/** As whom Chrome runs, and whether its pages are shut in. */
export interface Confinement {
  /** The user's number. */
  readonly browser_uid?: number;
  /** Absent as long as there is no page to look at. */
  readonly browser_sandbox?: "on" | "off";
}

/**
 * What the kernel says of a Chrome that runs. Its sandbox is on when a renderer is in a process
 * namespace of its own and may make few system calls only.
 *
 * Source: proc_pid_status(5), `NSpid` and `Seccomp`.
 */
export async function confinementOf(pid: number, files: Files): Promise<Confinement> {
  const uid = /^Uid:\s+(\d+)/m.exec(await readProc(files, pid, "status"))?.[1];
  const user = uid === undefined ? {} : { browser_uid: Number(uid) };
  for (const member of await processTree(files, pid)) {
    if (!(await readProc(files, member, "cmdline")).includes("--type=renderer")) continue;
    const status = await readProc(files, member, "status");
    if (status === "") continue;
    const isOn = /^NSpid:\s+\d+\s+\d/m.test(status) && /^Seccomp:\s+2$/m.test(status);
    return { ...user, browser_sandbox: isOn ? "on" : "off" };
  }
  return user;
}

/** Empty when the process ended before it was looked at. */
async function readProc(files: Files, pid: number, name: string): Promise<string> {
  return await files.readText("agent.chrome:proc_read", `/proc/${pid}/${name}`).catch(() => "");
}
