import type { Files } from "../host/host.ts";

/**
 * A process and all that descend from it, the process first. Debian starts headless shell from a
 * shell script that stays, so ending the process that was started is not ending Chrome.
 *
 * Source: proc_pid_stat(5), fields 1 to 4.
 */
export async function processTree(files: Files, pid: number): Promise<number[]> {
  const childrenOf = new Map<number, number[]>();
  for (const name of await files.list("agent.chrome:proc_list", "/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const parent = await parentOf(files, name);
    if (parent !== null) childrenOf.set(parent, [...childrenOf.get(parent) ?? [], Number(name)]);
  }
  const tree = [pid];
  for (const member of tree) tree.push(...childrenOf.get(member) ?? []);
  return tree;
}

/** Whether the process lives; one that is dead and not yet waited for does not. */
export async function isRunning(files: Files, pid: number): Promise<boolean> {
  const [state] = await statFields(files, String(pid)) ?? ["Z"];
  return state !== "Z";
}

async function parentOf(files: Files, pid: string): Promise<number | null> {
  const fields = await statFields(files, pid);
  return fields === null ? null : Number(fields[1]);
}

/** The fields from the third on; `null` when the process ended before it was looked at. */
async function statFields(files: Files, pid: string): Promise<string[] | null> {
  try {
    const stat = await files.readText("agent.chrome:proc_stat", `/proc/${pid}/stat`);
    // The command in parentheses may hold spaces and parentheses of its own.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}
