/**
 * Whether this process may change the network: only in a network namespace of its own, such as
 * `unshare -n deno test …` gives. Nothing in the tests ever changes the machine's own network.
 */

/** `null` when bridges and taps may be made here, else why they may not. */
export function privateNetworkMissing(): string | null {
  if (Deno.uid() !== 0) return "needs root";
  return inPrivateNamespace()
    ? null
    : "needs a network namespace of its own: unshare -n deno test …";
}

/**
 * Walks up the parents until one has another namespace. PID 1 alone does not decide: it may be
 * hidden, and a test started by `unshare` has a parent outside in any case.
 */
function inPrivateNamespace(): boolean {
  const own = namespaceOf(Deno.pid);
  for (let pid = Deno.ppid; pid > 0; pid = parentOf(pid)) {
    const other = namespaceOf(pid);
    if (other !== null && other !== own) return true;
  }
  return false;
}

function namespaceOf(pid: number): string | null {
  try {
    return Deno.readLinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return null;
  }
}

/** Field 4 of /proc/PID/stat (proc(5)); 0 at the top. */
function parentOf(pid: number): number {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] ?? 0);
  } catch {
    return 0;
  }
}
