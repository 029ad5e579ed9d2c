/** What a process has open, in words that two moments can be compared by. */

/** /proc/PID/net/tcp: numbers of the columns, and the state of a listening socket (proc(5)). */
const [LOCAL, REMOTE, STATE, INODE] = [1, 2, 3, 9];
const LISTENING = "0A";

/**
 * The open files of a process, a line each. The port of the API is left out: it may be another
 * one in another daemon, and a test's client keeps its connections for a while. So are the daemon's
 * connections to itself, over which it hands each of those on.
 */
export function openFilesOf(pid: number, apiPort: number): string[] {
  const sockets = socketsSeenBy(pid);
  const targets = [...Deno.readDirSync(`/proc/${pid}/fd`)]
    .flatMap(({ name }) => targetOf(`/proc/${pid}/fd/${name}`) ?? []);
  const own = targets.map((target) =>
    sockets.get(target) ?? { text: target.replace(/\[\d+\]/, "") }
  );
  const ends = new Set(own.map(({ local }) => local));
  return own.filter(({ local, remote }) =>
    !local?.endsWith(`:${apiPort}`) && !(remote !== undefined && ends.has(remote))
  ).map(({ text }) => `open file of the daemon: ${text}`);
}

function targetOf(path: string): string | null {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return null; // Closed since it was listed.
  }
}

/** Something open; TCP sockets have ends. */
interface OpenFile {
  readonly text: string;
  readonly local?: string;
  readonly remote?: string;
}

/** What each socket is, by its name in /proc/PID/fd. */
function socketsSeenBy(pid: number): Map<string, OpenFile> {
  const sockets = new Map<string, OpenFile>();
  for (const line of ["tcp", "tcp6"].flatMap((table) => linesOf(`/proc/${pid}/net/${table}`))) {
    const fields = line.trim().split(/\s+/);
    const [local, remote] = [address(fields[LOCAL]), address(fields[REMOTE])];
    const from = remote.slice(0, remote.lastIndexOf(":"));
    const name = `socket:[${fields[INODE]}]`;
    if (fields[STATE] === LISTENING) sockets.set(name, { text: listenerOn(local), local });
    else sockets.set(name, { text: `tcp connection from ${from} to ${local}`, local, remote });
  }
  for (const line of linesOf(`/proc/${pid}/net/unix`)) {
    const [inode, path = "unnamed"] = line.trim().split(/\s+/).slice(6);
    sockets.set(`socket:[${inode}]`, { text: `unix socket ${path}` });
  }
  return sockets;
}

/** On loopback by no port: the one behind the API's front is another in each daemon. */
function listenerOn(local: string): string {
  return `tcp listener on ${local.replace(/^(127\.0\.0\.1):\d+$/, "$1")}`;
}

/** `0100007F:1E61` as the little-endian kernel writes it. */
function address(text = ":"): string {
  const [ip = "", port = ""] = text.split(":");
  const bytes = (ip.match(/../g) ?? []).reverse().map((byte) => parseInt(byte, 16));
  return `${bytes.join(".")}:${parseInt(port, 16)}`;
}

/** The table's lines without its head. */
export function linesOf(path: string): string[] {
  return Deno.readTextFileSync(path).trim().split("\n").slice(1);
}
