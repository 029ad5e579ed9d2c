/**
 * Whether this process may change the network: only where there is none to disturb, such as in the
 * namespace that `unshare --net deno test …` gives. No test ever changes the machine's own network.
 */

/** `null` when bridges and taps may be made here, else why they may not. */
export function privateNetworkMissing(): string | null {
  if (Deno.uid() !== 0) return "needs root";
  if (hasOwnNamespace() || hasLoopbackOnly()) return null;
  return "needs a network namespace of its own: unshare --net deno test …";
}

/**
 * Walks up the parents until one has another namespace. PID 1 alone does not decide, since it may
 * be hidden.
 */
function hasOwnNamespace(): boolean {
  const own = namespaceOf(Deno.pid);
  for (let pid = Deno.ppid; pid > 0; pid = parentOf(pid)) {
    const other = namespaceOf(pid);
    if (other !== null && other !== own) return true;
  }
  return false;
}

/** In a process namespace of its own a test cannot see its parents outside. */
function hasLoopbackOnly(): boolean {
  const table = Deno.readTextFileSync("/proc/self/net/dev");
  return [...table.matchAll(/^\s*([^\s:|]+):/gm)].every((match) => match[1] === "lo");
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
