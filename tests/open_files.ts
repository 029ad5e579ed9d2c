/** What a process has open, in words that two moments can be compared by. */

/** /proc/PID/net/tcp: numbers of the columns, and the state of a listening socket (proc(5)). */
const [LOCAL, REMOTE, STATE, INODE] = [1, 2, 3, 9];
const LISTENING = "0A";

/**
 * The open files of a process, a line each. The port of the API is left out: it may be another
 * one in another daemon, and a test's client keeps its connections for a while.
 */
export function openFilesOf(pid: number, apiPort: number): string[] {
  const sockets = socketsSeenBy(pid);
  const lines: string[] = [];
  for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
    const target = targetOf(`/proc/${pid}/fd/${name}`);
    if (target === null) continue;
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode === undefined) lines.push(target.replace(/\[\d+\]/, ""));
    else {
      const socket = sockets.get(inode) ?? "socket";
      if (!socket.endsWith(`:${apiPort}`)) lines.push(socket);
    }
  }
  return lines.map((line) => `open file of the daemon: ${line}`);
}

function targetOf(path: string): string | null {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return null; // Closed since it was listed.
  }
}

/** Inode → what the socket is. */
function socketsSeenBy(pid: number): Map<string, string> {
  const sockets = new Map<string, string>();
  for (const line of ["tcp", "tcp6"].flatMap((table) => linesOf(`/proc/${pid}/net/${table}`))) {
    const fields = line.trim().split(/\s+/);
    const [local, remote] = [address(fields[LOCAL]), address(fields[REMOTE])];
    const text = fields[STATE] === LISTENING
      ? `tcp listener on ${local.ip}:${local.port}`
      : `tcp connection from ${remote.ip} to ${local.ip}:${local.port}`;
    sockets.set(fields[INODE] ?? "", text);
  }
  for (const line of linesOf(`/proc/${pid}/net/unix`)) {
    const [inode = "", path = "unnamed"] = line.trim().split(/\s+/).slice(6);
    sockets.set(inode, `unix socket ${path}`);
  }
  return sockets;
}

/** `0100007F:1E61` as the little-endian kernel writes it. */
function address(text = ":"): { ip: string; port: number } {
  const [ip = "", port = ""] = text.split(":");
  const bytes = (ip.match(/../g) ?? []).reverse().map((byte) => parseInt(byte, 16));
  return { ip: bytes.join("."), port: parseInt(port, 16) };
}

/** The table's lines without its head. */
export function linesOf(path: string): string[] {
  return Deno.readTextFileSync(path).trim().split("\n").slice(1);
}
