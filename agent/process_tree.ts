import type { Files } from "../host/host.ts";

/**
 * A process and all that descend from it, the process first. Debian starts headless shell from a
 * shell script that stays, so ending the process that was started is not ending Chrome.
 *
 * Source: proc_pid_stat(5), fields 1, 2 and 4.
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

async function parentOf(files: Files, pid: string): Promise<number | null> {
  try {
    const stat = await files.readText("agent.chrome:proc_stat", `/proc/${pid}/stat`);
    // The command in parentheses may hold spaces and parentheses of its own.
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return null; // It ended between the listing and now.
  }
}
